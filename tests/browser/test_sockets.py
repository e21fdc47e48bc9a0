# ruff: noqa: E501 -- the script of one probe stands on one line
"""The page's own WebSockets come back when they are really lost, and are the browser's own in every other respect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.browser.follow import visit

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from playwright.sync_api import Page

    from tests.browser.site import Site

OPEN = """() => new Promise((done) => {
  globalThis.log = [];
  globalThis.socket = new WebSocket(`ws://${location.host}/echo`);
  socket.onopen = () => { log.push('open'); socket.send('subscribe'); done() };
  socket.onmessage = (event) => log.push(event.data);
  socket.onclose = (event) => log.push(`close ${event.code}`);
  socket.onerror = () => log.push('error');
})"""


def test_a_lost_socket_comes_back_as_the_same_object(page: Page, site: Site) -> None:
    visit(page, site.url)
    page.evaluate(OPEN)
    page.wait_for_function("log.includes('hello: subscribe')")
    site.kill()
    page.wait_for_function("socket.readyState === WebSocket.CONNECTING")
    page.evaluate("socket.send('queued')")
    site.values["greeting"] = "again"
    site.start()
    page.wait_for_function("log.includes('again: queued')")
    # Whoever subscribes when a socket opens has subscribed again, before what was queued.
    assert page.evaluate("log") == [
        "open",
        "hello: subscribe",
        "open",
        "again: subscribe",
        "again: queued",
    ]
    assert page.evaluate(
        "[socket.readyState, socket instanceof WebSocket, socket.url.endsWith('/echo')]"
    ) == [1, True, True]


def test_an_explicit_close_is_final(page: Page, site: Site) -> None:
    visit(page, site.url)
    page.evaluate(OPEN)
    page.evaluate("socket.close(4001, 'bye')")
    page.wait_for_function("log.includes('close 4001')")
    assert page.evaluate("socket.readyState") == 3


def test_closing_while_it_is_lost(page: Page, site: Site) -> None:
    visit(page, site.url)
    page.evaluate(OPEN)
    site.kill()
    page.wait_for_function("socket.readyState === 0")
    page.evaluate("socket.close()")
    page.wait_for_function("log.at(-1).startsWith('close') && socket.readyState === 3")
    site.start()


def test_the_server_closing_on_purpose_is_told(page: Page, site: Site) -> None:
    visit(page, site.url)
    page.evaluate(OPEN)
    page.wait_for_function("log.includes('hello: subscribe')")
    import asyncio

    asyncio.run_coroutine_threadsafe(site.sockets[0].close(4000), site._loop).result(10)
    page.wait_for_function("log.includes('close 4000')")


def test_a_socket_that_never_opened_fails_as_ever(page: Page, site: Site) -> None:
    visit(page, site.url)
    log = page.evaluate(
        """() => new Promise((done) => {
          const log = [];
          const socket = new WebSocket(`ws://${location.host}/nothing`);
          socket.onerror = () => log.push('error');
          socket.onclose = (event) => { log.push(`close ${event.code}`); done(log) };
        })"""
    )
    assert log == ["error", "close 1006"]


def test_it_looks_like_the_browsers_own(page: Page, site: Site) -> None:
    visit(page, site.url)
    found = page.evaluate(
        """async () => {
          const out = {};
          out.constants = [WebSocket.OPEN, WebSocket.CLOSED, WebSocket.name];
          const errors = [];
          for (const bad of ['nonsense://x', 'ws://x/#fragment']) {
            try { new WebSocket(bad) } catch (error) { errors.push(error.name) }
          }
          try { WebSocket('ws://x') } catch (error) { errors.push(error.name) }
          const early = new WebSocket(`ws://${location.host}/echo`, ['one', 'two']);
          try { early.send('x') } catch (error) { errors.push(error.name) }
          try { early.close(1) } catch (error) { errors.push(error.name) }
          out.errors = errors;
          early.binaryType = 'arraybuffer';
          await new Promise((done) => early.addEventListener('open', done, { once: true }));
          out.state = [early.readyState, early.OPEN, early.protocol, early.binaryType, early.bufferedAmount];
          const order = [];
          early.addEventListener('message', () => order.push('a'));
          early.onmessage = () => order.push('b');
          early.addEventListener('message', () => order.push('c'));
          early.onmessage = (event) => order.push(event.data);
          early.send('go');
          await new Promise((done) => early.addEventListener('message', done, { once: true }));
          out.order = order;
          class Mine extends WebSocket { twice(x) { this.send(x + x) } }
          const mine = new Mine(`ws://${location.host}/echo`);
          await new Promise((done) => { mine.onopen = done });
          mine.twice('x');
          out.mine = await new Promise((done) => { mine.onmessage = (e) => done(e.data) });
          out.instances = [mine instanceof Mine, mine instanceof WebSocket, early instanceof Mine, early instanceof WebSocket];
          const foreign = new WebSocket('ws://127.0.0.1:1/');
          out.foreign = [foreign instanceof WebSocket, foreign.constructor === WebSocket, Object.prototype.toString.call(foreign)];
          class Other extends WebSocket { say() { return this.url } }
          out.subclass = new Other('ws://127.0.0.1:1/x').say();
          return out;
        }"""
    )
    assert found == {
        "constants": [1, 3, "WebSocket"],
        "errors": [
            "SyntaxError",
            "SyntaxError",
            "TypeError",
            "InvalidStateError",
            "InvalidAccessError",
        ],
        "state": [1, 1, "one", "arraybuffer", 0],
        "order": ["a", "hello: go", "c"],
        "mine": "hello: xx",
        "instances": [True, True, False, True],
        "foreign": [True, False, "[object WebSocket]"],
        "subclass": "ws://127.0.0.1:1/x",
    }


def test_it_can_be_switched_off(
    page: Page, serve: Callable[..., AbstractContextManager[Site]]
) -> None:
    with serve(reconnect=False) as site:
        visit(page, site.url)
        page.evaluate(OPEN)
        site.kill()
        page.wait_for_function("log.at(-1) === 'close 1006'")
        site.start()


def test_a_page_can_opt_out(page: Page, site: Site) -> None:
    visit(page, site.url)
    page.evaluate(
        "document.head.append(Object.assign(document.createElement('meta'), {name: 'hotswap', content: 'native-websocket'}))"
    )
    page.evaluate(OPEN)
    site.kill()
    page.wait_for_function("log.at(-1) === 'close 1006'")
    site.start()


def test_libraries_with_a_session_of_their_own_are_left_alone(page: Page, site: Site) -> None:
    visit(page, site.url)
    page.evaluate(OPEN.replace("/echo", "/echo?EIO=4&transport=websocket"))
    site.kill()
    page.wait_for_function("log.at(-1) === 'close 1006'")
    site.start()


def test_the_class_can_be_imported(page: Page, site: Site) -> None:
    visit(page, site.url)
    assert (
        page.evaluate(
            """async () => {
          const { ReconnectingWebSocket } = await import('/__hotswap__/websocket.js');
          const socket = new ReconnectingWebSocket('/echo');
          await new Promise((done) => { socket.onopen = done });
          socket.send('x');
          return await new Promise((done) => { socket.onmessage = (event) => done(event.data) });
        }"""
        )
        == "hello: x"
    )
