"""Pages that come through a reverse proxy follow too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.follow import READY, RECORD, applied, same_document, wait_style
from tests.browser.proxy import proxying

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from playwright.sync_api import Page

    from tests.browser.site import Site

PAGE = """<!doctype html><html><head><link rel=stylesheet href="{prefix}/static/app.css">
<script type=module src="{prefix}/static/app.js"></script></head>
<body><h1 id=title>{{{{ greeting }}}}</h1><p id=text>text</p><input id=name></body></html>"""


@pytest.mark.parametrize(
    "how",
    [
        {"keep_host": True},
        {"keep_host": False},
        {"prefix": "/app"},
        {"upgrades": False},
        {"keep_host": False, "upgrades": False},
    ],
    ids=["another port", "Host rewritten", "a path stripped", "no WebSockets", "neither"],
)
def test_a_page_behind_a_proxy(
    page: Page, serve: Callable[..., AbstractContextManager[Site]], how: dict[str, Any]
) -> None:
    pytest.importorskip("tree_sitter_javascript")
    prefix = how.get("prefix", "")
    with serve() as site:
        if prefix:
            site.kill()
            site.uvicorn_options = {"root_path": prefix}
            site.start()
        site.write("templates/index.html", PAGE.format(prefix=prefix))
        source = "let n = 0;\nexport function next() { n += 1; return n }\nglobalThis.next = next;"
        site.write("static/app.js", source)
        with proxying(site.port, **how) as port:
            page.goto(f"http://127.0.0.1:{port}{prefix}/")
            page.wait_for_function(READY)
            page.evaluate(RECORD)
            page.wait_for_function("Boolean(globalThis.next)")
            page.evaluate("next()")
            page.fill("#name", "typed")

            site.save("static/app.css", "p { color: rgb(0, 0, 255) }")
            wait_style(page, "#text", "color", "rgb(0, 0, 255)")
            site.save("static/app.js", source.replace("n += 1", "n += 10"))
            assert applied(page, "js-update")["how"] == "patched next"
            assert page.evaluate("next()") == 11
            site.values["greeting"] = "changed"
            site.swap("index")
            page.wait_for_function("document.querySelector('#title')?.textContent === 'changed'")
            assert page.input_value("#name") == "typed"
            assert same_document(page)
            page.close()
