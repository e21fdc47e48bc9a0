"""What the middleware changes, and the much larger part that it must not."""

from __future__ import annotations

import gzip
import re
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.web_driver import NAVIGATION, ask, browser, respond

if TYPE_CHECKING:
    from pathlib import Path

    from hotswap.web.asgi import Receive, Scope, Send

HTML = b"<!doctype html><html><head><title>x</title></head><body>y</body></html>"
TAG = re.compile(rb"<script src=\"[^\"]*client\.js\"[^>]*data-hotswap></script>")
NO_CACHE = [
    (b"cache-control", b"no-cache, no-store, must-revalidate"),
    (b"pragma", b"no-cache"),
    (b"expires", b"0"),
]


def cache_headers(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [
        pair for pair in headers if pair[0].lower() in (b"cache-control", b"pragma", b"expires")
    ]


# Cache headers


@pytest.mark.parametrize(
    "path", ["/", "/static/", "/static/a.css", "/static/deep/b.js", "/static/nothing"]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize("status", [200, 304, 404, 500])
def test_cache_headers_are_exact(tmp_path: Path, path: str, method: str, status: int) -> None:
    app = respond(
        b"x",
        "text/plain",
        status=status,
        headers=[
            ("Cache-Control", "max-age=60"),
            ("expires", "Thu, 01 Jan 2099"),
            ("pragma", "x"),
            ("cache-control", "private"),
        ],
    )
    answer = ask(browser(tmp_path).wrap(app), path, method=method)
    assert cache_headers(answer.headers) == NO_CACHE
    assert answer.body == b"x"


@pytest.mark.parametrize(
    "path", ["/api", "/static", "/staticx/a", "//", "/x/static/a", "/static%2Fa", "/index.html", ""]
)
def test_cache_headers_are_nowhere_else(tmp_path: Path, path: str) -> None:
    answer = ask(
        browser(tmp_path).wrap(respond(b"x", headers={"cache-control": "max-age=60"})), path
    )
    assert cache_headers(answer.headers) == [(b"cache-control", b"max-age=60")]


@pytest.mark.parametrize(
    ("destination", "said", "wanted"),
    [
        ("style", [], [(b"cache-control", b"no-cache")]),
        ("image", [], [(b"cache-control", b"no-cache")]),
        ("empty", [], [(b"cache-control", b"no-cache")]),
        ("image", [("cache-control", "max-age=60")], [(b"cache-control", b"max-age=60")]),
        ("image", [("expires", "0")], [(b"expires", b"0")]),
        ("", [], []),
    ],
)
def test_a_browser_asks_for_static_files_each_time(
    tmp_path: Path,
    destination: str,
    said: list[tuple[str, str]],
    wanted: list[tuple[bytes, bytes]],
) -> None:
    """Without a word it guesses how long they are good for, and a page loaded anew shows the old ones."""
    (tmp_path / "a.css").write_text("p {}")
    made = browser(tmp_path)
    made.serves([("/assets", str(tmp_path))], [])
    app = made.wrap(respond(b"p {}", "text/css", headers=said))
    headers = {"sec-fetch-dest": destination} if destination else {}
    assert cache_headers(ask(app, "/assets/a.css", headers).headers) == wanted
    assert cache_headers(ask(app, "/assets/b.css", headers).headers) == [
        (name.lower().encode(), value.encode()) for name, value in said
    ]


def test_cache_paths_are_configurable(tmp_path: Path) -> None:
    app = browser(tmp_path, cache_paths=("/page", "/assets/")).wrap(respond(b"x", "text/plain"))
    for path, cached in {
        "/page": True,
        "/page/x": False,
        "/assets/x": True,
        "/": False,
        "/static/x": False,
    }.items():
        assert (cache_headers(ask(app, path).headers) == NO_CACHE) is cached, path


def test_paths_below_a_mount(tmp_path: Path) -> None:
    app = browser(tmp_path).wrap(respond(HTML))
    answer = ask(app, "/api/", NAVIGATION, root_path="/api")
    assert cache_headers(answer.headers) == NO_CACHE
    assert b'src="/api/__hotswap__/client.js"' in answer.body
    assert (
        ask(app, "/api/__hotswap__/client.js", root_path="/api")
        .header("content-type")
        .startswith("text/javascript")
    )


# Untouched


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {}),
        ("GET", {"accept": "*/*"}),
        ("GET", {"accept": "application/json"}),
        ("GET", {"accept": "text/html", "sec-fetch-dest": "empty"}),
        ("GET", {"sec-fetch-dest": "image"}),
        ("GET", {"sec-fetch-dest": "style"}),
        ("GET", {"sec-fetch-dest": "script"}),
        ("GET", {"sec-fetch-dest": "worker"}),
        ("HEAD", NAVIGATION),
        ("POST", NAVIGATION),
        ("OPTIONS", NAVIGATION),
    ],
)
def test_other_requests_reach_the_app_with_the_servers_own_send(
    tmp_path: Path, method: str, headers: dict[str, str]
) -> None:
    """Not even a wrapper stands in between: the very scope, receive and send go through."""
    app = respond(HTML)
    wrapped = browser(tmp_path).wrap(app)
    given: list[Any] = []

    async def outer(scope: Scope, receive: Receive, send: Send) -> None:
        given.append((scope, receive, send))
        await wrapped(scope, receive, send)

    answer = ask(outer, "/api/page", headers, method=method)
    assert answer.body == HTML
    assert app.requests[0] == given[0]
    assert all(mine is theirs for mine, theirs in zip(app.requests[0], given[0], strict=True))


def test_websockets_and_lifespan_go_through(tmp_path: Path) -> None:
    seen: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    wrapped = browser(tmp_path).wrap(app)
    ask(wrapped, "/chat", kind="websocket")
    ask(wrapped, "", kind="lifespan")
    assert seen == ["websocket", "lifespan"]


@pytest.mark.parametrize(
    "app",
    [
        respond(HTML, "text/plain"),
        respond(HTML, "application/xhtml+xml"),
        respond(HTML, "text/htmlx"),
        respond(HTML, ""),
        respond(HTML, headers={"content-disposition": "attachment; filename=x.html"}),
        respond(HTML, headers={"content-encoding": "br"}),
        respond(HTML, headers={"content-encoding": "zstd"}),
        respond(HTML, headers={"content-encoding": "gzip, gzip"}),
        respond(HTML, headers={"content-security-policy": "sandbox"}),
        respond(HTML, headers={"content-encoding": "gzip"}),  # a lie
        respond(b"", status=204),
        respond(b"", status=304),
        respond(HTML[:20], status=206, headers={"content-range": "bytes 0-19/71"}),
        respond(b"<p>a fragment</p>"),
        respond(b""),
        respond([b"<p>", b"a fragment", b"</p>"]),
        respond([b"", b"", b""]),
        respond(HTML.decode().encode("utf-16"), "text/html; charset=utf-16"),
        respond(b"\xff\xfe\x00 not text \xc3\x28"),
    ],
    ids=[
        "plain",
        "xhtml",
        "almost",
        "none",
        "attachment",
        "br",
        "zstd",
        "twice",
        "sandbox",
        "lie",
        "204",
        "304",
        "range",
        "fragment",
        "empty",
        "fragments",
        "nothing",
        "utf-16",
        "bytes",
    ],
)
def test_responses_that_are_no_documents_stay_as_they_are(tmp_path: Path, app: Any) -> None:
    plain = ask(app, "/page", NAVIGATION)
    answer = ask(browser(tmp_path).wrap(app), "/page", NAVIGATION)
    assert answer.body == plain.body
    assert sorted(answer.headers) == sorted(plain.headers)
    assert answer.status == plain.status


# Documents

TAB = {"sec-fetch-dest": "document", "sec-fetch-mode": "navigate", "accept": "text/html"}


@pytest.mark.parametrize("body", [b"<p>no head</p>", b"hi", b""])
def test_what_a_tab_shows_carries_the_client(tmp_path: Path, body: bytes) -> None:
    answer = ask(browser(tmp_path).wrap(respond(body)), "/page", TAB)
    assert answer.body.startswith(b"<script ")
    assert answer.body.endswith(body)
    assert answer.header("content-length") == str(len(answer.body))


def test_a_failure_in_plain_text_carries_the_client_in_a_tab_alone(tmp_path: Path) -> None:
    app = respond(b"a <b> & c", "text/plain; charset=utf-8", status=500)
    wrapped = browser(tmp_path).wrap(app)
    answer = ask(wrapped, "/page", TAB)
    assert answer.status == 500
    assert b"<pre" in answer.body
    assert b"a &lt;b&gt; &amp; c</pre>" in answer.body
    assert b"data-hotswap" in answer.body
    assert answer.header("content-length") == str(len(answer.body))
    assert answer.header("content-type") == "text/html; charset=utf-8"
    for headers in (NAVIGATION, {"accept": "*/*"}, {"sec-fetch-dest": "empty"}):
        assert ask(wrapped, "/page", headers).body == b"a <b> & c"


def test_an_app_that_raises_before_it_answers(tmp_path: Path) -> None:
    answers: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise RuntimeError("no answer")

    wrapped = browser(tmp_path).wrap(app)

    async def server(scope: Scope, receive: Receive, send: Send) -> None:
        with pytest.raises(RuntimeError, match="no answer"):
            await wrapped(scope, receive, send)

    answers.append(ask(server, "/page", TAB))
    answers.append(ask(server, "/page", NAVIGATION))
    assert answers[0].status == 500
    assert b"data-hotswap" in answers[0].body
    assert answers[1].messages == []  # the server's own to answer


def test_an_answer_to_a_form_says_that_it_is_one(tmp_path: Path) -> None:
    wrapped = browser(tmp_path).wrap(respond(HTML))
    assert b'data-answers-form="1"' in ask(wrapped, "/page", TAB, method="POST").body
    assert b'data-answers-form="0"' in ask(wrapped, "/page", TAB).body
    fetched = {"sec-fetch-dest": "empty", "sec-fetch-mode": "cors", "accept": "text/html"}
    assert ask(wrapped, "/page", fetched, method="POST").body == HTML


@pytest.mark.parametrize(
    "headers",
    [
        NAVIGATION,
        {"sec-fetch-dest": "iframe"},
        {"sec-fetch-dest": "frame"},
        {"accept": "text/html,application/xhtml+xml"},
        {"accept": "application/json, TEXT/HTML"},
    ],
)
@pytest.mark.parametrize("status", [200, 201, 404, 422, 500])
def test_documents_get_the_client(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    answer = ask(browser(tmp_path).wrap(respond(HTML, status=status)), "/page", headers)
    assert answer.status == status
    (tag,) = TAG.findall(answer.body)
    assert answer.body.replace(tag, b"") == HTML
    assert answer.body.index(tag) == HTML.index(b"<title>")
    assert answer.header("content-length") == str(len(answer.body))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_documents_that_come_in_pieces(tmp_path: Path, size: int) -> None:
    pieces = [HTML[at : at + size] for at in range(0, len(HTML), size)]
    answer = ask(browser(tmp_path).wrap(respond(pieces, length=False)), "/page", NAVIGATION)
    (tag,) = TAG.findall(answer.body)
    assert answer.body.replace(tag, b"") == HTML
    assert answer.header("content-length") is None
    assert answer.messages[-1]["more_body"] is False


def test_streaming_goes_on_once_the_head_has_been_seen(tmp_path: Path) -> None:
    """What follows the head is passed on piece by piece, not gathered."""
    pieces = [b"<!doctype html><html><head></head><body>", *[b"<p>%d</p>" % n for n in range(50)]]
    answer = ask(browser(tmp_path).wrap(respond(pieces, length=False)), "/page", NAVIGATION)
    bodies = [m for m in answer.messages if m["type"] == "http.response.body"]
    assert len(bodies) == 51
    assert bodies[7]["body"] == b"<p>6</p>"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "x-gzip", "gzip in two members"])
@pytest.mark.parametrize("size", [9, 10_000])
def test_encoded_documents_are_decoded(tmp_path: Path, encoding: str, size: int) -> None:
    data = {
        "gzip": gzip.compress(HTML),
        "x-gzip": gzip.compress(HTML),
        "deflate": zlib.compress(HTML),
        "gzip in two members": gzip.compress(HTML[:30]) + gzip.compress(HTML[30:]),
    }[encoding]
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    app = respond(pieces, headers={"content-encoding": encoding.split()[0]})
    answer = ask(browser(tmp_path).wrap(app), "/page", NAVIGATION)
    assert answer.header("content-encoding") is None
    assert TAG.sub(b"", answer.body) == HTML
    assert TAG.search(answer.body)
    assert answer.header("content-length") in (None, str(len(answer.body)))


def test_an_encoded_fragment_is_still_readable(tmp_path: Path) -> None:
    app = respond(gzip.compress(b"<p>x</p>"), headers={"content-encoding": "gzip"})
    answer = ask(browser(tmp_path).wrap(app), "/page", NAVIGATION)
    encoded = answer.header("content-encoding") == "gzip"
    assert (gzip.decompress(answer.body) if encoded else answer.body) == b"<p>x</p>"


def test_the_app_is_asked_for_the_whole_plain_page(tmp_path: Path) -> None:
    app = respond(HTML)
    headers = {
        **NAVIGATION,
        "accept-encoding": "gzip, br",
        "if-none-match": '"x"',
        "if-modified-since": "x",
        "range": "bytes=0-10",
        "if-range": "x",
        "cookie": "kept=1",
    }
    extensions = {"http.response.pathsend": {}, "http.response.debug": {}}
    ask(browser(tmp_path).wrap(app), "/page", headers, extensions=extensions)
    scope = app.requests[0][0]
    headers_seen = dict(scope["headers"])
    assert headers_seen.keys() == {
        b"host",
        b"sec-fetch-dest",
        b"accept",
        b"accept-encoding",
        b"cookie",
    }
    assert headers_seen[b"accept-encoding"] == b"gzip", "we can undo that one"
    assert scope["extensions"] == {"http.response.debug": {}}


def test_validators_go_and_cookies_stay(tmp_path: Path) -> None:
    app = respond(
        HTML,
        headers=[
            ("ETag", '"x"'),
            ("Last-Modified", "x"),
            ("accept-ranges", "bytes"),
            ("content-md5", "x"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("x-own", "ü"),
        ],
    )
    answer = ask(browser(tmp_path).wrap(app), "/page", NAVIGATION)
    names = [name.lower() for name, _ in answer.headers]
    assert names.count(b"set-cookie") == 2
    assert not {b"etag", b"last-modified", b"accept-ranges", b"content-md5"} & set(names)
    assert answer.header("x-own") == "ü"


def test_the_nonce_of_the_page_is_used(tmp_path: Path) -> None:
    app = respond(HTML, headers={"content-security-policy": "script-src 'nonce-a\"b'"})
    answer = ask(browser(tmp_path).wrap(app), "/page", NAVIGATION)
    (tag,) = TAG.findall(answer.body)
    assert b'nonce="a&quot;b"' in tag


def test_report_only_policies_stay(tmp_path: Path) -> None:
    app = respond(HTML, headers={"content-security-policy-report-only": "default-src 'none'"})
    answer = ask(browser(tmp_path).wrap(app), "/page", NAVIGATION)
    assert answer.header("content-security-policy-report-only") == "default-src 'none'"


def test_what_stands_in_the_tag_is_escaped(tmp_path: Path) -> None:
    made = browser(tmp_path, editor='x://"><script>alert(1)</script>')
    answer = ask(made.wrap(respond(HTML)), "/page", NAVIGATION)
    assert b"<script>alert" not in answer.body
    assert b"&quot;&gt;&lt;script&gt;" in answer.body


@pytest.mark.parametrize(
    "host",
    ["evil.test", "127.0.0.1.evil.test", "localhost.evil.test", "", "evil.test:80@localhost"],
)
def test_a_page_under_a_foreign_name_gets_no_token(tmp_path: Path, host: str) -> None:
    answer = ask(browser(tmp_path).wrap(respond(HTML)), "/", {**NAVIGATION, "host": host})
    assert answer.body == HTML
    assert cache_headers(answer.headers) == NO_CACHE


def test_other_messages_pass_in_order(tmp_path: Path) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.early_hint", "links": [b"</a.css>"]})
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"text/html")],
                "trailers": True,
            }
        )
        await send({"type": "http.response.body", "body": HTML})
        await send({"type": "http.response.trailers", "headers": []})

    answer = ask(browser(tmp_path).wrap(app), "/page", NAVIGATION)
    kinds = [m["type"].rsplit(".", 1)[1] for m in answer.messages]
    assert kinds == ["early_hint", "start", "body", "trailers"]
    assert answer.start["trailers"] is True


def test_an_exception_of_the_app_is_the_servers(tmp_path: Path) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("mine")

    made = browser(tmp_path)
    with pytest.raises(ValueError, match="mine"):
        ask(made.wrap(app), "/page", NAVIGATION)
    with pytest.raises(ValueError, match="mine"):
        ask(made.wrap(app), "/api")


def test_bytes_like_bodies_and_header_lists(tmp_path: Path) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [[b"Content-Type", bytearray(b"text/html")]],
            }
        )
        await send({"type": "http.response.body", "body": memoryview(HTML), "more_body": True})
        await send({"type": "http.response.body"})

    answer = ask(browser(tmp_path).wrap(app), "/page", NAVIGATION)
    assert TAG.sub(b"", answer.body) == HTML


def test_a_start_without_headers(tmp_path: Path) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"x"})

    assert ask(browser(tmp_path).wrap(app), "/page", NAVIGATION).body == b"x"
    assert cache_headers(ask(browser(tmp_path).wrap(app), "/").headers) == NO_CACHE


# Scripts and style sheets

SCRIPT = b"function f() { return 1 }\n"


def test_scripts_are_rewritten_for_script_elements_alone(tmp_path: Path) -> None:
    pytest.importorskip("tree_sitter_javascript")
    made = browser(tmp_path)
    (tmp_path / "static" / "a.js").write_bytes(SCRIPT)
    app = made.wrap(respond(SCRIPT, "text/javascript", headers={"etag": '"x"'}))
    answer = ask(app, "/static/a.js", {"sec-fetch-dest": "script", "sec-fetch-mode": "cors"})
    assert b"__hotswap__" in answer.body
    assert answer.body.count(b"\n") == SCRIPT.count(b"\n")
    assert answer.header("content-length") == str(len(answer.body))
    assert answer.header("etag") is None
    for headers in ({}, {"sec-fetch-dest": "empty"}, {"sec-fetch-dest": "worker"}):
        assert ask(app, "/static/a.js", headers).body == SCRIPT
    assert ask(app, "/static/other.js", {"sec-fetch-dest": "script"}).body == SCRIPT  # no such file


@pytest.mark.parametrize(
    "app",
    [
        respond(SCRIPT, "application/json"),
        respond(SCRIPT, "text/javascript", status=404),
        respond(gzip.compress(SCRIPT), "text/javascript", headers={"content-encoding": "gzip"}),
        respond(b"function (", "text/javascript"),
        respond(b"\xff\xfe", "text/javascript"),
        respond(b"x" * 3_000_000, "text/javascript"),
        respond([b"x" * 3_000_000, b"y" * 3_000_000], "text/javascript"),
        respond(b"((" * 20_000 + b"))" * 20_000, "text/javascript"),
    ],
    ids=["json", "404", "gzip", "fault", "bytes", "large", "huge", "deep"],
)
def test_scripts_beyond_us_stay_as_they_are(tmp_path: Path, app: Any) -> None:
    pytest.importorskip("tree_sitter_javascript")
    made = browser(tmp_path)
    (tmp_path / "static" / "a.js").write_bytes(SCRIPT)
    plain = ask(app, "/x")
    answer = ask(made.wrap(app), "/static/a.js", {"sec-fetch-dest": "script"})
    assert answer.body == plain.body
    assert answer.header("content-encoding") == plain.header("content-encoding")


def test_scripts_with_integrity_stay_as_they_are(tmp_path: Path) -> None:
    pytest.importorskip("tree_sitter_javascript")
    made = browser(tmp_path)
    (tmp_path / "static" / "a.js").write_bytes(SCRIPT)
    page = HTML.replace(b"<title>", b"<script src=/static/a.js integrity=sha256-x></script><title>")
    ask(made.wrap(respond(page)), "/page", NAVIGATION)
    answer = ask(
        made.wrap(respond(SCRIPT, "text/javascript")), "/static/a.js", {"sec-fetch-dest": "script"}
    )
    assert answer.body == SCRIPT


def test_style_sheets_carry_their_version_on(tmp_path: Path) -> None:
    app = browser(tmp_path).wrap(respond(b"@import 'b.css';", "text/css", headers={"etag": "x"}))
    assert ask(app, "/static/a.css", {"sec-fetch-dest": "style"}).body == b"@import 'b.css';"
    answer = ask(app, "/static/a.css", {"sec-fetch-dest": "style"}, query="x=1&hs=5")
    assert answer.body == b"@import 'b.css?hs=5';"
    assert answer.header("content-length") == str(len(answer.body))
    assert cache_headers(answer.headers) == NO_CACHE
    evil = ask(app, "/static/a.css", {"sec-fetch-dest": "style"}, query="hs='%3B*{}")
    assert evil.body == b"@import 'b.css';"
