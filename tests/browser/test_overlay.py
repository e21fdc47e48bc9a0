# ruff: noqa: E501 -- the script of one probe stands on one line
"""What is broken stands over every page, and is gone the moment it is mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hotswap.source.model import Fault, Frame
from tests.browser.follow import (
    applied,
    overlay_text,
    same_document,
    visit,
    wait_overlay,
    wait_style,
)
from tests.browser.site import PAGE

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from playwright.sync_api import Page

    from tests.browser.site import Site


def broken(site: Site, name: str = "main.py", message: str = "expected ':'") -> Fault:
    path = str(site.write(name, "def f()\n    return 1\n"))
    return Fault(
        "HS101",
        "syntax error",
        message,
        path=path,
        line=1,
        column=8,
        text="def f()",
        frames=(Frame(path, 7, "outer", "inner()"), Frame(path, 1, "inner", "def f()")),
    )


def test_a_fault_shows_and_goes(page: Page, site: Site) -> None:
    visit(page, site.url)
    site.fail(broken(site))
    wait_overlay(page, text="expected ':'")
    text = overlay_text(page)
    assert "main.py:1:8" in text
    assert "main.py:7" in text
    assert "def f()" in text
    assert "old code keeps serving" in text

    site.swap("f")

    wait_overlay(page, shown=False)
    assert same_document(page)


def test_the_link_goes_to_the_editor(page: Page, site: Site) -> None:
    visit(page, site.url)
    fault = broken(site, "dir with space/mäin#1.py")
    site.fail(fault)
    wait_overlay(page)
    link = page.locator("hotswap-overlay a").first.get_attribute("href")
    assert link is not None
    assert link.startswith("vscode://file/")
    assert link.endswith("dir%20with%20space/m%C3%A4in%231.py:1:8")


def test_the_editor_is_configurable_and_never_a_script(
    page: Page, serve: Callable[..., AbstractContextManager[Site]]
) -> None:
    with serve(editor="idea://open?file={file}&line={line}") as site:
        visit(page, site.url)
        site.fail(broken(site))
        wait_overlay(page)
        assert "idea://open?file=/" in str(
            page.locator("hotswap-overlay a").first.get_attribute("href")
        )


def test_a_script_as_editor_is_no_link(
    page: Page, serve: Callable[..., AbstractContextManager[Site]]
) -> None:
    with serve(editor="javascript:alert(1)//{file}") as site:
        visit(page, site.url)
        site.fail(broken(site))
        wait_overlay(page)
        assert page.locator("hotswap-overlay a").first.get_attribute("href") is None


def test_a_page_opened_while_the_fault_lasts(page: Page, site: Site) -> None:
    site.fail(broken(site))
    visit(page, site.url)
    wait_overlay(page, text="expected ':'")


def test_faults_are_kept_by_file(page: Page, site: Site) -> None:
    visit(page, site.url)
    first, second = broken(site, "a.py", "in a"), broken(site, "b.py", "in b")
    site.fail(first)
    site.fail(second, pending=(first.path, second.path))
    wait_overlay(page, text="in b")
    assert "in a" in overlay_text(page)

    site.write("a.py", "def f(): return 1\n")  # mended, but b still holds the batch up
    site.fail(second, pending=(first.path, second.path))

    page.wait_for_function(
        "() => !document.querySelector('hotswap-overlay').shadowRoot.querySelector('.panel').innerText.includes('in a')"
    )
    assert "in b" in overlay_text(page)
    site.swap("f")
    wait_overlay(page, shown=False)


def test_markup_in_a_message_is_text(page: Page, site: Site) -> None:
    visit(page, site.url)
    message = (
        "<img src=x onerror='globalThis.owned = 1'></div><script>globalThis.owned = 1</script>"
    )
    fault = broken(site, message=message)
    site.fail(fault)
    wait_overlay(page, text="<img src=x")
    assert page.evaluate("globalThis.owned ?? 0") == 0
    assert page.locator("hotswap-overlay img").count() == 0


def test_escape_hides_until_the_next_fault(page: Page, site: Site) -> None:
    visit(page, site.url)
    site.fail(broken(site))
    wait_overlay(page)
    page.keyboard.press("Escape")
    wait_overlay(page, shown=False)

    site.fail(broken(site, message="something else"))
    wait_overlay(page, text="something else")


def test_the_button_hides_too(page: Page, site: Site) -> None:
    visit(page, site.url)
    site.fail(broken(site))
    wait_overlay(page)
    page.click("hotswap-overlay button.hide")
    wait_overlay(page, shown=False)


def test_a_script_that_does_not_parse(page: Page, site: Site) -> None:
    pytest.importorskip("tree_sitter_javascript")
    site.write("static/app.js", "globalThis.f = f;\nfunction f() { return 1 }\n")
    site.write(
        "templates/index.html",
        "<!doctype html><html><head><script type=module src=/static/app.js></script></head><body></body></html>",
    )
    visit(page, site.url)
    page.wait_for_function("globalThis.f")

    site.save("static/app.js", "globalThis.f = f;\nfunction f() { return (1 }\n")

    wait_overlay(page, text="app.js:2")
    assert "last good version" in overlay_text(page)
    assert page.evaluate("f()") == 1

    site.save("static/app.js", "globalThis.f = f;\nfunction f() { return 2 }\n")
    wait_overlay(page, shown=False)
    page.wait_for_function("f() === 2")
    assert same_document(page)


def test_a_script_that_did_not_parse_when_the_page_was_opened(page: Page, site: Site) -> None:
    pytest.importorskip("tree_sitter_javascript")
    site.save("static/app.js", "function f( { return 1 }\n")
    site.write(
        "templates/index.html",
        "<!doctype html><html><head><script src=/static/app.js></script></head><body></body></html>",
    )
    visit(page, site.url)
    wait_overlay(page, text="app.js:1")
    site.save("static/app.js", "function f() { return 3 }\n")
    page.wait_for_function("globalThis.f?.() === 3")
    wait_overlay(page, shown=False)


def test_configuration(page: Page, site: Site) -> None:
    visit(page, site.url)
    fault = Fault(
        "HS301",
        "PORT is not a number",
        "'eighty'",
        path=str(site.write(".env", "PORT=eighty")),
        line=1,
    )
    site.call(lambda: site.browser.fault("config:.env", fault))
    wait_overlay(page, text="PORT is not a number")
    assert ".env:1" in overlay_text(page)
    assert "old values stay" in overlay_text(page)
    site.swap("f")  # a Python file that swaps says nothing about .env
    assert "PORT is not a number" in overlay_text(page)
    site.call(lambda: site.browser.mended("config:.env"))
    wait_overlay(page, shown=False)


def test_a_question_is_answered_by_its_button(page: Page, site: Site) -> None:
    answers: list[str] = []

    async def upgrade() -> None:
        answers.append("upgrade")
        site.browser.mended("database")

    def refuse() -> None:
        raise RuntimeError("the database is locked")

    def ask() -> None:
        site.browser.ask(
            "database",
            title="1 migration is pending",
            message="0002_add_topic.sql",
            actions={"Upgrade": upgrade, "Restore": refuse},
        )

    site.call(ask)
    visit(page, site.url)
    wait_overlay(page, text="1 migration is pending")
    page.click("hotswap-overlay button:has-text('Restore')")
    wait_overlay(page, text="the database is locked")
    page.click("hotswap-overlay button:has-text('Upgrade')")
    wait_overlay(page, shown=False)
    assert answers == ["upgrade"]


def test_a_page_that_could_not_be_made(page: Page, site: Site) -> None:
    site.values["greeting"] = "no such room"
    site.write(
        "templates/index.html",
        "<!doctype html><html><head></head><body>{{ greeting.missing.deeper }}</body></html>",
    )
    visit(page, site.url.rstrip("/") + "/missing")
    page.goto(site.url)
    # Plain text from uvicorn, without a client: the other page shows it.
    other = page.context.new_page()
    visit(other, site.url + "missing")
    wait_overlay(other, text="UndefinedError while / was made")
    site.write("templates/index.html", "<!doctype html><html><head></head><body>fine</body></html>")
    page.goto(site.url)
    wait_overlay(other, shown=False)


@pytest.mark.parametrize("styles", ["'self'", "'self' 'nonce-{nonce}'"])
def test_a_strict_policy_changes_nothing(page: Page, site: Site, styles: str) -> None:
    """The browser complains of nothing in the console; the nonce is another one in each answer."""
    policy = (
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; require-trusted-types-for 'script'; "
        f"trusted-types app; style-src {styles}"
    )
    styled = "nonce" in styles

    def answer(greeting: str, nonce: str, style: str) -> None:
        site.values["greeting"] = greeting
        site.headers["content-security-policy"] = policy.format(nonce=nonce)
        more = f'<style nonce="{nonce}">{style}</style>' if styled else ""
        site.write("templates/index.html", PAGE.replace("<title>", f"{more}<title>"))

    problems: list[str] = []
    page.on(
        "console",
        lambda said: problems.append(said.text) if said.type in ("error", "warning") else None,
    )
    answer("hello", "one", "#long { color: red }")
    visit(page, site.url)
    problems.clear()  # of the page itself
    site.fail(broken(site))
    wait_overlay(page, text="expected ':'")
    panel = "() => getComputedStyle(document.querySelector('hotswap-overlay').shadowRoot.querySelector('.panel')).position"
    assert page.evaluate(panel) == "absolute"
    answer("changed", "two", "#long { color: rgb(0, 0, 9) }")
    site.swap("index")
    wait_overlay(page, shown=False)
    page.wait_for_function("() => document.querySelector('#title')?.textContent === 'changed'")
    site.save("static/app.css", "p { color: rgb(0, 0, 255) }")
    wait_style(page, "#text", "color", "rgb(0, 0, 255)")
    if styled:
        wait_style(page, "#long", "color", "rgb(0, 0, 9)")
    answer("changed", "three", "#long { color: rgb(0, 0, 9) }")
    site.swap("index")
    assert applied(page, "patched", 2)["how"] == "no difference"
    assert problems == []


@pytest.mark.parametrize(("code", "column"), [("x = (1", 5), ("    return nope)", 16)])
def test_a_caret_stands_below_the_column(page: Page, site: Site, code: str, column: int) -> None:
    visit(page, site.url)
    path = str(site.write("main.py", code))
    site.fail(Fault("HS101", "syntax error", "x", path=path, line=1, column=column, text=code))
    wait_overlay(page)
    line, caret = page.locator("hotswap-overlay .code").inner_text().split("\n")
    assert line[caret.index("^")] == code[column - 1]


def test_a_page_that_could_not_be_made_says_why_and_follows(page: Page, site: Site) -> None:
    """The framework's answer is a line of plain text: in a tab it carries the client all the same."""
    visit(page, site.url + "broken")
    wait_overlay(page, text="RuntimeError")
    assert page.text_content("pre") == "Internal Server Error"
    site.values["greeting"] = "still broken"
    site.swap("broken")
    wait_overlay(page, text="still broken")
    assert same_document(page)
    site.values["greeting"] = "mended"
    site.swap("broken")
    page.wait_for_selector("#text")
    wait_overlay(page, shown=False)
