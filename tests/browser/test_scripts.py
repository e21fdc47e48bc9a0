"""Scripts: the changed function is replaced inside the live module."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.browser.follow import READY, RECORD, applied, reloaded, same_document
from tests.browser.script_cases import CASES, Case
from tests.browser.site import Site, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser as Chromium
    from playwright.sync_api import Page

pytest.importorskip("tree_sitter_javascript", reason="the extra js is not installed")

PAGE = "<!doctype html><html><head>{script}</head><body></body></html>"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve one project for all cases: each has files of its own."""
    with serving(tmp_path_factory.mktemp("scripts")) as site:
        yield site


@pytest.fixture(scope="module")
def tab(chromium: Chromium) -> Iterator[Page]:
    """Give one tab for all cases."""
    context = chromium.new_context()
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_edit(case: Case, shared: Site, tab: Page) -> None:
    """What the page sees after the edit is what the new source says; and the page lives on where it can."""
    name = f"case{CASES.index(case)}"
    kind = "" if case.classic else ' type="module"'
    address = f"/static/{name}.js"
    shared.write(
        f"templates/{name}.html", PAGE.format(script=f'<script{kind} src="{address}"></script>')
    )
    shared.write(f"static/{name}.js", case.before)
    for other, text in case.files.items():
        shared.write(f"static/{name}-{other}.js", text)
    shared.write(f"static/{name}.js", case.before.replace("NAME", name))
    tab.goto(shared.url + name)
    tab.wait_for_function(READY)
    tab.evaluate(RECORD)
    tab.evaluate(f"globalThis.SELF = {json.dumps(address)}")
    tab.evaluate(case.hold if case.hold.startswith("(") else f"() => {{ {case.hold} }}")

    shared.save(f"static/{name}.js", case.after.replace("NAME", name))

    if case.hot:
        how = applied(tab, "js-update")["how"]
        assert tab.evaluate(f"({case.probe})") == case.want, how
        assert same_document(tab), how
    else:
        reloaded(tab)
        assert tab.evaluate(f"({case.probe})") == case.want
