"""The development endpoints: what they answer, and whom."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from hotswap.web.access import Access, host_name, is_loopback, project_token
from tests.unit.web_driver import NAVIGATION, ask, browser, respond

if TYPE_CHECKING:
    from pathlib import Path


HTML = b"<!doctype html><html><head></head><body>y</body></html>"
HERE = "127.0.0.1:8000"
ORIGIN = {"origin": f"http://{HERE}", "host": HERE}
GUARDED = ["base?page=x", "state", "events"]


@pytest.mark.parametrize("name", ["", "client.js", "websocket.js"])
def test_what_anybody_on_this_machine_may_read(tmp_path: Path, name: str) -> None:
    app = browser(tmp_path).wrap(respond(HTML))
    answer = ask(app, f"/__hotswap__/{name}")
    assert answer.status == 200
    assert answer.header("cache-control") == "no-store"
    assert answer.header("x-content-type-options") == "nosniff"
    assert ask(app, f"/__hotswap__/{name}", method="HEAD").body == b""


def test_the_status_page_cannot_be_framed(tmp_path: Path) -> None:
    answer = ask(browser(tmp_path).wrap(respond(HTML)), "/__hotswap__/")
    assert "frame-ancestors 'none'" in str(answer.header("content-security-policy"))
    assert b"{{" not in answer.body


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "evil.test:8000",
        "127.0.0.1.evil.test",
        "localhost.evil.test",
        "192.168.1.5:8000",
        "8.8.8.8",
        "[::2]:80",
        "",
        "127.0.0.1:8000@evil.test",
        "evil.test#127.0.0.1",
        "[::1",
        "127.0.0.1:x",
    ],
)
@pytest.mark.parametrize("name", ["", "client.js", *GUARDED])
def test_foreign_hosts_are_refused(tmp_path: Path, host: str, name: str) -> None:
    made = browser(tmp_path)
    path, _, query = name.partition("?")
    answer = ask(
        made.wrap(respond(HTML)),
        f"/__hotswap__/{path}",
        {"host": host, "x-hotswap-token": made.token},
        query=query,
    )
    assert answer.status == 403
    assert made.token.encode() not in answer.body


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:1",
        "app.localhost:3000",
        "127.0.0.1",
        "127.9.9.9",
        "[::1]:8000",
        "localhost.",
    ],
)
def test_loopback_hosts_are_ours(tmp_path: Path, host: str) -> None:
    assert ask(browser(tmp_path).wrap(respond(HTML)), "/__hotswap__/", {"host": host}).status == 200


def test_two_hosts_are_one_too_many(tmp_path: Path) -> None:
    headers = [("host", HERE), ("host", "evil.test")]
    assert ask(browser(tmp_path).wrap(respond(HTML)), "/__hotswap__/", headers).status == 403


def test_allowed_hosts(tmp_path: Path) -> None:
    app = browser(tmp_path, allowed_hosts=("dev.example.test", ".corp.test")).wrap(respond(HTML))
    for host, status in {
        "dev.example.test:8000": 200,
        "DEV.example.test": 200,
        "a.corp.test": 200,
        "corp.test": 403,
        "x.dev.example.test": 403,
        "evilcorp.test": 403,
    }.items():
        assert ask(app, "/__hotswap__/", {"host": host}).status == status, host


@pytest.mark.parametrize("name", GUARDED)
def test_a_token_is_needed(tmp_path: Path, name: str) -> None:
    app = browser(tmp_path).wrap(respond(HTML))
    path, _, query = name.partition("?")
    for headers in (
        {},
        {"x-hotswap-token": "wrong"},
        {"x-hotswap-token": ""},
        {"x-hotswap-token": "ü"},
    ):
        assert ask(app, f"/__hotswap__/{path}", headers, query=query).status == 403


@pytest.mark.parametrize("name", ["send", "reload", "action", "script-diff", "script-boundaries"])
def test_posts_need_our_own_origin_and_the_token(tmp_path: Path, name: str) -> None:
    asked: list[str] = []
    made = browser(tmp_path, ask_reload=asked.append)
    app = made.wrap(respond(HTML))
    token = {"x-hotswap-token": made.token}
    refused: list[dict[str, str]] = [
        ORIGIN,
        {**ORIGIN, "x-hotswap-token": "wrong"},
        {**token, "origin": "http://evil.test"},
        {**token, "origin": "null"},
        {**token, "origin": "http://127.0.0.1:9999"},
        {**token, "origin": "file://"},
        {**token, "origin": "http://evil.test", "sec-fetch-site": "same-origin"},
        {**token, "sec-fetch-site": "cross-site"},
        {**token, "sec-fetch-site": "same-site"},
    ]
    for headers in refused:
        assert ask(app, f"/__hotswap__/{name}", headers, method="POST", body=b"{}").status == 403, (
            headers
        )
    assert asked == []
    assert ask(
        app, f"/__hotswap__/{name}", {**ORIGIN, **token}, method="POST", body=b"{}"
    ).status in (200, 202, 204, 400)
    assert asked == (["asked for on the status page"] if name == "reload" else [])


def test_no_answer_carries_cors_headers(tmp_path: Path) -> None:
    made = browser(tmp_path)
    app = made.wrap(respond(HTML))
    for name in ("", "client.js", "state", "nothing"):
        headers = {"origin": "http://evil.test", "x-hotswap-token": made.token}
        for method in ("GET", "OPTIONS"):
            answer = ask(app, f"/__hotswap__/{name}", headers, method=method)
            assert not [key for key, _ in answer.headers if key.startswith(b"access-control")]


@pytest.mark.parametrize(
    "name",
    ["nothing", "../", "client.js/", "static/client.js", "..%2f", "ws", "%00", "status.html"],
)
def test_nothing_else_is_here(tmp_path: Path, name: str) -> None:
    made = browser(tmp_path)
    answer = ask(made.wrap(respond(HTML)), f"/__hotswap__/{name}", {"x-hotswap-token": made.token})
    assert answer.status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/static/../secret.js",
        "/static/..%2fsecret.js",
        "/static//etc/passwd",
        "/static/link.js",
        "/secret.js",
        "/static/\0",
        "",
        "/",
    ],
)
def test_no_path_escapes(tmp_path: Path, path: str) -> None:
    pytest.importorskip("tree_sitter_javascript")
    made = browser(tmp_path)
    (tmp_path / "secret.js").write_text("const secret = 1;")
    os.symlink(tmp_path / "secret.js", tmp_path / "static" / "link.js")
    asked = {
        "path": path,
        "from": "x",
        "loaded": [],
        "inline": [],
        "maps": [],
        "page": "/",
        "classic": False,
    }
    answer = ask(
        made.wrap(respond(HTML)),
        "/__hotswap__/script-diff",
        {**ORIGIN, "x-hotswap-token": made.token, "host": HERE},
        method="POST",
        body=json.dumps(asked).encode(),
    )
    assert json.loads(answer.body) == {"mode": "rerun", "why": f"{path} is gone", "to": ""}


@pytest.mark.parametrize("body", [b"", b"[]", b"not json", b"\xff", b"null", b'{"loaded": 3}'])
def test_nonsense_is_answered(tmp_path: Path, body: bytes) -> None:
    pytest.importorskip("tree_sitter_javascript")
    made = browser(tmp_path)
    headers = {**ORIGIN, "x-hotswap-token": made.token}
    for name in ("send", "action", "script-diff", "script-boundaries"):
        assert ask(
            made.wrap(respond(HTML)), f"/__hotswap__/{name}", headers, method="POST", body=body
        ).status in (200, 204, 400)


def test_bodies_have_an_end(tmp_path: Path) -> None:
    made = browser(tmp_path)
    headers = {**ORIGIN, "x-hotswap-token": made.token}
    assert (
        ask(
            made.wrap(respond(HTML)),
            "/__hotswap__/send",
            headers,
            method="POST",
            body=b"x" * 70_000,
        ).status
        == 413
    )


# WebSocket


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.test"},
        {"origin": "null"},
        {"host": "evil.test", "origin": "http://evil.test"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
    ],
)
def test_foreign_sockets_are_refused(tmp_path: Path, headers: dict[str, str]) -> None:
    made = browser(tmp_path)
    answer = ask(
        made.wrap(respond(HTML)),
        "/__hotswap__/ws",
        headers,
        kind="websocket",
        subprotocols=["hotswap.v1", f"hotswap.token.{made.token}"],
    )
    assert [m["type"] for m in answer.messages] == ["websocket.close"]


@pytest.mark.parametrize(
    "offered", [[], ["hotswap.v1"], ["hotswap.token."], ["hotswap.token.wrong"], ["{token}"]]
)
def test_sockets_need_the_token(tmp_path: Path, offered: list[str]) -> None:
    made = browser(tmp_path)
    answer = ask(
        made.wrap(respond(HTML)),
        "/__hotswap__/ws",
        ORIGIN,
        kind="websocket",
        subprotocols=[word.format(token=made.token) for word in offered],
    )
    assert [m["type"] for m in answer.messages] == ["websocket.close"]


def test_our_own_socket_is_greeted(tmp_path: Path) -> None:
    made = browser(tmp_path)
    answer = ask(
        made.wrap(respond(HTML)),
        "/__hotswap__/ws",
        ORIGIN,
        kind="websocket",
        subprotocols=["hotswap.v1", f"hotswap.token.{made.token}"],
    )
    assert answer.messages[0] == {"type": "websocket.accept", "subprotocol": "hotswap.v1"}


def test_no_socket_elsewhere(tmp_path: Path) -> None:
    made = browser(tmp_path)
    answer = ask(
        made.wrap(respond(HTML)),
        "/__hotswap__/state",
        ORIGIN,
        kind="websocket",
        subprotocols=["hotswap.v1", f"hotswap.token.{made.token}"],
    )
    assert [m["type"] for m in answer.messages] == ["websocket.close"]


# Binding


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.5", "example.test"])
def test_bound_where_others_can_reach_it(tmp_path: Path, host: str) -> None:
    """The app is served, with its cache headers; the development endpoints and the token are not there."""
    made = browser(tmp_path)
    assert "--allow-remote" in made.bound(host)
    app = made.wrap(respond(HTML))
    for path in ("/", "/__hotswap__/", "/__hotswap__/client.js"):
        assert ask(app, path, NAVIGATION).body == HTML
    assert ask(app, "/").header("expires") == "0"
    socket = ask(app, "/__hotswap__/ws", ORIGIN, kind="websocket")
    assert socket.start["status"] == 200  # the app's own answer


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", None])
def test_bound_to_this_machine(tmp_path: Path, host: str | None) -> None:
    made = browser(tmp_path)
    assert made.bound(host) == ""
    assert ask(made.wrap(respond(HTML)), "/__hotswap__/").status == 200


def test_allow_remote_takes_addresses_but_no_names(tmp_path: Path) -> None:
    made = browser(tmp_path, allow_remote=True)
    assert made.bound("0.0.0.0") == ""
    app = made.wrap(respond(HTML))
    for host, status in {
        "192.168.1.5:8000": 200,
        "[fe80::1]:80": 200,
        "evil.test": 403,
        "localhost": 200,
    }.items():
        assert ask(app, "/__hotswap__/", {"host": host}).status == status, host


# The token


def test_the_token_outlives_the_process_and_is_ours_alone(tmp_path: Path) -> None:
    token = project_token("/some/project", str(tmp_path))
    assert project_token("/some/project", str(tmp_path)) == token
    assert project_token("/other/project", str(tmp_path)) != token
    (first, _) = sorted(tmp_path.glob("*.token"))
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert len(token) >= 20


def test_a_token_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    token = project_token("/some/project", str(tmp_path))
    (file,) = tmp_path.glob("*.token")
    file.chmod(0o644)
    assert project_token("/some/project", str(tmp_path)) != token


def test_a_token_file_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    token = project_token("/some/project", str(tmp_path))
    (file,) = tmp_path.glob("*.token")
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert project_token("/some/project", str(tmp_path)) != token


def test_a_folder_that_others_may_write_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    token = project_token("/some/project", None)
    assert project_token("/some/project", None) == token
    (tmp_path / "hotswap").chmod(0o777)
    assert project_token("/some/project", None) != token


def test_no_folder_at_all(tmp_path: Path) -> None:
    assert len(project_token("/some/project", str(tmp_path / "missing" / "deep"))) >= 20


def test_which_hosts_are_loopback_and_which_allowed(tmp_path: Path) -> None:
    assert host_name("[::1]:80") == "::1"
    assert host_name("a:b:c") == ""
    assert is_loopback("[::1]")
    assert is_loopback("[::ffff:127.0.0.1]")
    assert not is_loopback("[::ffff:10.0.0.1]")
    assert not is_loopback("0.0.0.0")
    access = Access(
        root="/", allowed_hosts=("x.test",), token_dir=str(tmp_path), allow_remote=False
    )
    assert access.origin([(b"origin", b"https://x.test"), (b"host", b"127.0.0.1")])


# Questions


def test_what_a_button_does(tmp_path: Path) -> None:
    made = browser(tmp_path)
    done: list[str] = []

    async def slow() -> None:
        await asyncio.sleep(0)
        done.append("slow")

    def fail() -> None:
        raise OSError("disk full")

    made.ask("db", title="t", message="m", actions={"Do": slow, "Fail": fail})
    app = made.wrap(respond(HTML))
    headers = {**ORIGIN, "x-hotswap-token": made.token}

    def press(key: str, label: str) -> Any:
        body = json.dumps({"key": key, "action": label}).encode()
        return json.loads(ask(app, "/__hotswap__/action", headers, method="POST", body=body).body)[
            "error"
        ]

    assert press("db", "Do") == ""
    assert done == ["slow"]
    assert press("db", "Fail") == "OSError: disk full"
    assert "settled" in press("db", "Other")
    made.mended("db")
    assert "settled" in press("db", "Do")


def test_the_status_page_without_its_slash(tmp_path: Path) -> None:
    app = browser(tmp_path).wrap(respond(HTML))
    answer = ask(app, "/__hotswap__", {"host": HERE})
    assert answer.status == 307
    assert dict(answer.headers)[b"location"] == b"/__hotswap__/"
    assert ask(app, "/__hotswap__x", {"host": HERE}).status == 200, "that one is the app's"
