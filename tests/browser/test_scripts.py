"""Scripts: the changed function is replaced inside the live module."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.edits import CASES
from tests.browser.follow import (
    READY,
    RECORD,
    applied,
    overlay_text,
    reloaded,
    same_document,
    wait_overlay,
)
from tests.browser.proxy import proxying
from tests.browser.site import Site, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser as Chromium
    from playwright.sync_api import Page

    from tests.browser.edits.case import Case

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


def test_numbers() -> None:
    """The documentation tells how many edits were tried, and how many of them leave the page alone."""
    text = Path("docs/explanation/browser.md").read_text()
    assert f"{len(CASES)} edits, {sum(case.hot for case in CASES)} of them in place" in text


def test_one_edit_after_another(shared: Site, tab: Page) -> None:
    """Each patch stands on the ones before: what one adds, the next uses, changes, removes and adds again."""
    versions = [
        ("let n = 0;\nfunction f() { return ++n }", "f()", 1),
        (
            "let n = 0;\nfunction help() { return 10 }\nfunction f() { return ++n + help() }",
            "f()",
            12,
        ),
        (
            "let n = 0;\nfunction help() { return 20 }\nfunction f() { return ++n + help() }",
            "f()",
            23,
        ),
        (
            "let n = 0;\nlet m = 5;\nfunction help() { return ++m }\nfunction f() { return ++n + help() }",
            "f()",
            10,
        ),
        (
            "let n = 0;\nlet m = 5;\nfunction help() { return ++m + 100 }\nfunction f() { return ++n + help() }",
            "f()",
            112,
        ),
        ("let n = 0;\nlet m = 5;\nfunction f() { return ++n + m }", "f()", 13),
        (
            "let n = 0;\nlet m = 5;\nfunction help() { return 1000 }\nfunction f() { return ++n + m + help() }",
            "f()",
            1014,
        ),
        (
            (
                "let n = 0;\nlet m = 5;\nconst K = 3;\nclass Box { #k = K; get k() { return this.#k + help() } }\n"
                "function help() { return 0 }\nfunction f() { return ++n + new Box().k }"
            ),
            "f()",
            11,
        ),
        (
            (
                "let n = 0;\nlet m = 5;\nconst K = 4;\nclass Box { #k = K; get k() { return this.#k * 2 + help() } }\n"
                "function help() { return 1 }\nfunction f() { return ++n + new Box().k }"
            ),
            "f()",
            18,
        ),
    ]
    shared.write(
        "templates/steps.html",
        PAGE.format(script='<script type="module" src="/static/steps.js"></script>'),
    )
    shared.write("static/steps.js", versions[0][0] + "\nglobalThis.f = f;")
    tab.goto(shared.url + "steps")
    tab.wait_for_function(READY)
    tab.evaluate(RECORD)
    for step, (source, probe, want) in enumerate(versions):
        if step:
            shared.save("static/steps.js", source + "\nglobalThis.f = f;")
            how = applied(tab, "js-update", step)["how"]
        else:
            how = "first"
        assert tab.evaluate(probe) == want, (step, how)
    assert same_document(tab)


def test_what_ran_only_after_a_patch_is_known_to_have_run(shared: Site, tab: Page) -> None:
    """A function replaced before its first call leaves what the patch says; the next edit of that must not lose it."""
    source = "globalThis.add = function () { document.body.onclick = () => { globalThis.v = 1 } };"
    shared.write(
        "templates/ran.html",
        PAGE.format(script='<script type="module" src="/static/ran.js"></script>'),
    )
    shared.write("static/ran.js", source)
    tab.goto(shared.url + "ran")
    tab.wait_for_function(READY)
    tab.evaluate(RECORD)
    shared.save("static/ran.js", source.replace("v = 1", "v = 2"))
    applied(tab, "js-update", 1)
    assert tab.evaluate("(add(), document.body.click(), v)") == 2
    assert same_document(tab)
    shared.save("static/ran.js", source.replace("v = 1", "v = 3"))
    reloaded(tab)
    assert tab.evaluate("(add(), document.body.click(), v)") == 3


def seen(tab: Page, case: Case) -> Any:
    """Give what the page shows now, or at last."""
    if not case.awaited:
        return tab.evaluate(f"({case.probe})")
    tab.wait_for_function(f"want => ({case.probe}) === want", arg=case.want)
    return case.want


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_edit(case: Case, shared: Site, tab: Page) -> None:
    """What the page sees after the edit is what the new source says; and the page lives on where it can."""
    name = f"case{CASES.index(case)}"
    kind = "" if case.classic else ' type="module"'
    address = f"/static/{name}.js"
    script = case.head or f'<script{kind} src="{address}"></script>'
    page = PAGE.format(script=script).replace("<body>", f"<body>{case.body}")
    shared.write(f"templates/{name}.html", page.replace("NAME", name))
    shared.write(f"static/{name}.js", case.before.replace("NAME", name))
    for other, text in case.files.items():
        shared.write(f"static/{name}-{other}.js", text.replace("NAME", name))
    tab.goto(shared.url + name)
    tab.wait_for_function(READY)
    tab.evaluate(RECORD)
    tab.evaluate(f"globalThis.SELF = {json.dumps(address)}")
    tab.evaluate(case.hold if case.hold.startswith("(") else f"() => {{ {case.hold} }}")

    for other, text in case.after_files.items():
        shared.write(f"static/{name}-{other}.js", text.replace("NAME", name))
    edited = f"{name}-{case.edit}" if case.edit else name
    shared.save(f"static/{edited}.js", case.after.replace("NAME", name))

    if case.hot:
        how = applied(tab, "js-update")["how"]
        assert seen(tab, case) == case.want, how
        assert same_document(tab), how
    else:
        reloaded(tab)
        tab.wait_for_load_state()
        tab.evaluate(f"globalThis.SELF = {json.dumps(address)}")
        assert seen(tab, case) == case.want


def test_saved_while_it_loads(shared: Site, tab: Page) -> None:
    """The browser tells of a load when it ends: who was on the way to the old text at the save loads anew."""
    script = '<script type="module">globalThis.w = new Worker("/static/slow.js")</script>'
    shared.write("templates/slow.html", PAGE.format(script=script))
    shared.write("static/slow.js", "onmessage = (e) => postMessage(1)")
    arrives = threading.Event()
    with proxying(shared.port, late={"/static/slow.js": arrives}) as port:
        with tab.expect_request("**/static/slow.js"):
            tab.goto(f"http://127.0.0.1:{port}/slow")
        tab.wait_for_function(READY)
        tab.evaluate(RECORD)
        shared.save("static/slow.js", "onmessage = (e) => postMessage(2)")
        assert applied(tab, "js-update")["how"] == "not on this page"
        arrives.set()
        reloaded(tab)
        asked = "new Promise(r => { w.onmessage = e => r(e.data); w.postMessage(1) })"
        tab.wait_for_function("globalThis.w")
        assert tab.evaluate(asked) == 2
        tab.goto("about:blank")


def test_an_import_is_had_as_soon_as_it_is_exported(shared: Site, tab: Page) -> None:
    """Saved in the order in which one writes: first who uses it, then the function itself."""
    shared.write(
        "templates/order.html",
        PAGE.format(script='<script type="module" src="/static/user.js"></script>'),
    )
    user = (
        "// who uses it\nimport {{ {names} }} from './lib.js';\n"
        "globalThis.g = () => sum();\nfunction sum() {{ return {sum} }}"
    )
    shared.write("static/user.js", user.format(names="f", sum="f()"))
    shared.write("static/lib.js", "export function f() { return 1 }")
    tab.goto(shared.url + "order")
    tab.wait_for_function(READY)
    tab.evaluate(RECORD)
    shared.save("static/user.js", user.format(names="f, h", sum="f() + h()"))
    wait_overlay(tab, text="does not export h")
    assert "user.js:2:1" in overlay_text(tab)
    assert "keeps running the last good version" in overlay_text(tab)
    assert tab.evaluate("g()") == 1
    shared.save(
        "static/lib.js", "export function f() { return 1 }\nexport function h() { return 5 }"
    )
    tab.wait_for_function("g() === 6")
    wait_overlay(tab, shown=False)
    assert same_document(tab)
