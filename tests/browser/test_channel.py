# ruff: noqa: E501 -- the markup of one page stands on one line
"""The stream of events: several tabs, edits while a page loads, going back, a server that is killed, and an exec."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING

import pytest

from hotswap.source.model import Change, Fault, Outcome
from hotswap.web import deliveries
from tests.browser.follow import (
    READY,
    applied,
    reloaded,
    same_document,
    visit,
    wait_overlay,
    wait_style,
)
from tests.browser.site import TIMEOUT, Site

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from playwright.sync_api import BrowserContext, Page


BLUE = "rgb(0, 0, 255)"
BLUE_SHEET = "p { color: rgb(0, 0, 255) }"


def test_two_tabs(context: BrowserContext, site: Site) -> None:
    one, two = context.new_page(), context.new_page()
    visit(one, site.url)
    visit(two, site.url)
    site.save("static/app.css", BLUE_SHEET)
    site.values["greeting"] = "both"
    site.swap("index")
    for tab in (one, two):
        tab.wait_for_function("document.querySelector('#title')?.textContent === 'both'")
        wait_style(tab, "#text", "color", BLUE)
        assert same_document(tab)


def test_nine_tabs(context: BrowserContext, site: Site) -> None:
    tabs = [context.new_page() for _ in range(9)]
    for tab in tabs:
        visit(tab, site.url)
    site.save("static/app.css", BLUE_SHEET)
    for tab in tabs:
        wait_style(tab, "#text", "color", BLUE)


def test_a_save_while_the_page_is_being_made(page: Page, site: Site) -> None:
    """The page is rendered with the old value, and its client is not there yet: the event is replayed to it."""
    greetings = iter(["old", "new", "new"])

    def during() -> None:
        site.values["greeting"] = greeting = next(greetings)
        if greeting == "old":
            changes = (Change("~", "main.py", "index", "body"),)
            site.browser.outcome(Outcome(True, "patch", ("main.py",), changes))

    site.during = during
    page.goto(site.url)
    page.wait_for_function("document.querySelector('#title')?.textContent === 'new'")


def test_a_save_between_the_page_and_its_client(page: Page, site: Site) -> None:
    held = threading.Event()

    def hold(route: object) -> None:
        site.save("static/app.css", BLUE_SHEET)
        site.values["greeting"] = "meanwhile"
        site.swap("index")
        held.set()
        route.continue_()  # type: ignore[attr-defined]

    page.route("**/client.js", hold)
    page.goto(site.url)
    assert held.is_set()
    page.wait_for_function("document.querySelector('#title')?.textContent === 'meanwhile'")
    wait_style(page, "#text", "color", BLUE)


def test_going_back(page: Page, site: Site) -> None:
    visit(page, site.url)
    visit(page, site.url + "missing")
    site.save("static/app.css", BLUE_SHEET)
    page.go_back()
    page.wait_for_function(READY)
    wait_style(page, "#text", "color", BLUE)


def go_back_to_the_cached(page: Page) -> None:
    """Go back, and see that the browser has brought back the very document; no `load` event fires then."""
    page.go_back(wait_until="commit")
    page.wait_for_function("globalThis.persisted === true")


@pytest.mark.parametrize("restarted", [False, True])
def test_a_page_out_of_the_back_forward_cache_catches_up(
    page: Page, site: Site, restarted: bool
) -> None:
    """Not the front page: `no-store` bars it from that cache, which is the cache rule's price."""
    visit(page, site.url + "index")
    page.evaluate("addEventListener('pageshow', (e) => { globalThis.persisted = e.persisted })")
    page.fill("#name", "typed")
    visit(page, site.url + "missing")
    if restarted:
        site.kill()
        site.start()
    site.save("static/app.css", BLUE_SHEET)
    site.values["greeting"] = "meanwhile"
    site.swap("index")

    go_back_to_the_cached(page)

    page.wait_for_function("document.querySelector('#title')?.textContent === 'meanwhile'")
    wait_style(page, "#text", "color", BLUE)
    page.wait_for_function(READY)
    assert page.input_value("#name") == "typed"
    assert same_document(page)


def test_a_fault_that_began_and_ended_while_a_page_lay_in_the_cache(page: Page, site: Site) -> None:
    visit(page, site.url + "index")
    page.evaluate("addEventListener('pageshow', (e) => { globalThis.persisted = e.persisted })")
    site.fail(Fault("HS1", "NameError", "x", path=str(site.write("main.py", "x")), line=1))
    wait_overlay(page)
    visit(page, site.url + "missing")
    site.swap("index")
    go_back_to_the_cached(page)
    wait_overlay(page, shown=False)
    assert same_document(page)


def test_a_page_that_was_offline(page: Page, site: Site) -> None:
    visit(page, site.url)
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    page.wait_for_function("!__hotswap__.connected")
    site.save("static/app.css", BLUE_SHEET)
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    wait_style(page, "#text", "color", BLUE)
    assert same_document(page)


def test_too_much_was_missed(page: Page, site: Site) -> None:
    visit(page, site.url)
    page.evaluate("dispatchEvent(new Event('pagehide'))")
    page.wait_for_function("!__hotswap__.connected")
    site.call(
        lambda: [
            site.browser.mended("x") or site.browser.files([str(site.static / "app.css")])
            for _ in range(300)
        ]
    )
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    reloaded(page)


def test_the_server_is_killed_and_starts_again(page: Page, site: Site) -> None:
    site.write(
        "static/app.js",
        "let n = 0;\nexport function inc() { n += 1; return n }\nglobalThis.inc = inc;",
    )
    site.write(
        "templates/index.html",
        "<!doctype html><html><head><link rel=stylesheet href=/static/app.css><script type=module src=/static/app.js></script>"
        "</head><body><h1 id=title>{{ greeting }}</h1><p id=text>text</p><input id=name></body></html>",
    )
    visit(page, site.url)
    page.fill("#name", "typed")
    page.wait_for_function("Boolean(globalThis.inc)")
    page.evaluate("inc()")
    site.kill()
    page.wait_for_function("!__hotswap__.connected")
    site.write("static/app.css", BLUE_SHEET)
    site.values["greeting"] = "after"

    site.start()

    page.wait_for_function("document.querySelector('#title')?.textContent === 'after'")
    wait_style(page, "#text", "color", BLUE)
    assert page.input_value("#name") == "typed"
    assert page.evaluate("inc()") == 2
    assert same_document(page)


def test_a_script_changed_while_the_server_was_away(page: Page, site: Site) -> None:
    pytest.importorskip("tree_sitter_javascript")
    site.write("static/app.js", "globalThis.value = 1;")
    site.write(
        "templates/index.html",
        "<!doctype html><html><head><script src=/static/app.js></script></head><body></body></html>",
    )
    visit(page, site.url)
    site.kill()
    site.write("static/app.js", "globalThis.value = 2;")
    site.start()
    reloaded(page)
    assert page.evaluate("value") == 2


def test_an_exec_reload_in_between(page: Page, site: Site) -> None:
    """Epoch, ring, faults and script versions go along: the page only notices that its socket was away."""
    pytest.importorskip("tree_sitter_javascript")
    site.write("static/app.js", "let n = 1;\nfunction f() { return n }\nglobalThis.f = f;")
    site.write(
        "templates/index.html",
        "<!doctype html><html><head><script src=/static/app.js></script></head><body><h1 id=title>{{ greeting }}</h1></body></html>",
    )
    visit(page, site.url)
    page.evaluate(
        "addEventListener('hotswap:connected', (e) => { globalThis.restarted = e.detail.restarted })"
    )
    carried = site.call(site.browser.carry)
    site.kill()
    site.values["greeting"] = "after exec"

    site.start(carried)
    site.swap("index", rung="exec")
    site.save("static/app.js", "let n = 1;\nfunction f() { return n + 10 }\nglobalThis.f = f;")

    page.wait_for_function("document.querySelector('#title')?.textContent === 'after exec'")
    page.wait_for_function("f() === 11")
    assert not page.evaluate("restarted")
    assert same_document(page)


def test_a_fault_outlives_an_exec_reload(page: Page, site: Site) -> None:
    visit(page, site.url)
    path = str(site.write("main.py", "x"))
    site.fail(Fault("HS1", "NameError", "x", path=path, line=1))
    wait_overlay(page)
    carried = site.call(site.browser.carry)
    site.kill()
    site.start(carried)
    page.wait_for_function(READY)
    wait_overlay(page, text="NameError")


def test_a_server_that_does_not_know_the_page(page: Page, site: Site) -> None:
    """Its token's file was lost: the page is loaded anew, once, and knows the new one."""
    visit(page, site.url)
    site.kill()
    for token in site.folder.glob("*.token"):
        token.unlink()
    site.start()
    reloaded(page)


def test_what_the_pages_did_is_told(
    context: BrowserContext,
    serve: Callable[..., AbstractContextManager[Site]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deliveries, "PATIENCE", 60.0)
    told: queue.Queue[str] = queue.Queue()
    with serve(
        delivered=lambda files, did: told.put(f"{' '.join(files)}: {did}"),
        report=lambda fault, headline: told.put(f"{headline}, {fault.code}, line {fault.line}"),
    ) as site:
        site.save("static/app.js", "export const step = () => 1")
        assert told.get(timeout=TIMEOUT) == "static/app.js: saved; no page is open"
        script = '<script type="module" src="/static/app.js"></script>'
        site.write("templates/own.html", f"<!doctype html><html><body>{script}</body></html>")
        tabs = [context.new_page(), context.new_page()]
        visit(tabs[0], f"{site.url}own")
        visit(tabs[1], site.url)
        site.save("static/app.js", "export const step = () => 2")
        both = told.get(timeout=TIMEOUT)
        assert "1 page: patched step" in both
        assert "1 page: not on this page" in both
        site.save("static/app.js", "export const step = () =>")
        assert told.get(timeout=TIMEOUT) == "not sent to pages, HS704, line 1"
        site.save("static/app.js", "export const step = () => 2; step()")
        assert "1 page: reload: " in told.get(timeout=TIMEOUT)


def test_server_sent_events_where_no_websocket_comes_through(
    context: BrowserContext, serve: Callable[..., AbstractContextManager[Site]]
) -> None:
    with serve() as site:
        site.kill()
        site.uvicorn_options = {"ws": "none"}
        site.start()
        tabs = [context.new_page(), context.new_page()]
        for tab in tabs:
            visit(tab, site.url)
        site.save("static/app.css", BLUE_SHEET)
        for tab in tabs:
            wait_style(tab, "#text", "color", BLUE)
        assert applied(tabs[0], "css-update")["how"] == "replaced"
        tabs[0].wait_for_function(
            "async () => (await (await fetch('/__hotswap__/state', {headers: {'x-hotswap-token': "
            "document.querySelector('script[data-hotswap]').dataset.token}})).json()).applied.length >= 2"
        )


def test_a_stream_is_closed_in_a_hidden_tab(
    context: BrowserContext, serve: Callable[..., AbstractContextManager[Site]]
) -> None:
    with serve() as site:
        site.kill()
        site.uvicorn_options = {"ws": "none"}
        site.start()
        tab = context.new_page()
        visit(tab, site.url)
        hide = """(hidden) => {
          Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
          document.dispatchEvent(new Event('visibilitychange'));
        }"""
        tab.evaluate(hide, True)
        tab.wait_for_function("!__hotswap__.connected")
        site.save("static/app.css", BLUE_SHEET)
        tab.evaluate(hide, False)
        wait_style(tab, "#text", "color", BLUE)


def test_stopping_is_not_held_up_by_pages(context: BrowserContext, site: Site) -> None:
    site.kill()
    # What uvicorn waits for connections that do not end; `stop` waits far less.
    site.uvicorn_options = {"timeout_graceful_shutdown": 600}
    site.start()
    tabs = [context.new_page(), context.new_page()]
    for tab in tabs:
        visit(tab, site.url)
    site.stop()
    site.start()


def test_a_merge_waits_for_a_hidden_tab(page: Page, site: Site) -> None:
    visit(page, site.url)
    hide = """(hidden) => {
      Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
      document.dispatchEvent(new Event('visibilitychange'));
    }"""
    page.evaluate(hide, True)
    site.values["greeting"] = "later"
    site.swap("index")
    assert applied(page, "patched")["how"].startswith("later")
    assert page.text_content("#title") == "hello"
    page.evaluate(hide, False)
    page.wait_for_function("document.querySelector('#title')?.textContent === 'later'")
