"""Beside plain uvicorn: what is not ours is the same, byte for byte, on the wire."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import HTMLResponse, JSONResponse, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from tests.unit.web_driver import browser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from starlette.requests import Request

    from hotswap.web.asgi import ASGIApp

REQUESTS = {
    "api": "GET /api HTTP/1.1",
    "head": "HEAD /api HTTP/1.1",
    "post": "POST /api HTTP/1.1\r\ncontent-length: 2\r\n\r\nhi",
    "not allowed": "DELETE /api HTTP/1.1",
    "not found": "GET /nothing HTTP/1.1",
    "stream": "GET /stream HTTP/1.1",
    "fragment for htmx": "GET /fragment HTTP/1.1\r\nhx-request: true\r\nsec-fetch-dest: empty\r\naccept: text/html",
    "fragment in a navigation": "GET /fragment HTTP/1.1\r\nsec-fetch-dest: document\r\naccept: text/html",
    "page for curl": "GET /page HTTP/1.1\r\naccept: */*",
    "page by HEAD": "HEAD /page HTTP/1.1\r\nsec-fetch-dest: document",
    "compressed api": "GET /api HTTP/1.1\r\naccept-encoding: gzip",
    "other folder": "GET /files/a.txt HTTP/1.1",
    "range": "GET /files/a.txt HTTP/1.1\r\nrange: bytes=2-4",
    "conditional": "GET /files/a.txt HTTP/1.1\r\nif-modified-since: Fri, 01 Jan 2100 00:00:00 GMT",
}


def app(folder: Path) -> ASGIApp:
    """Make an app with a bit of everything."""
    folder.mkdir(exist_ok=True)
    (folder / "a.txt").write_text("0123456789")

    async def api(request: Request) -> JSONResponse:
        body = (await request.body()).decode()
        return JSONResponse(
            {"method": request.method, "body": body, "x": "y" * 900}, headers={"x-own": "1"}
        )

    async def page(_: Request) -> HTMLResponse:
        return HTMLResponse("<!doctype html><html><head></head><body>page</body></html>")

    async def fragment(_: Request) -> HTMLResponse:
        return HTMLResponse("<p>fragment</p>")

    async def stream(_: Request) -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            for number in range(5):
                yield b"%d\n" % number

        return StreamingResponse(pieces(), media_type="text/plain")

    routes = [
        Route("/api", api, methods=["GET", "POST"]),
        Route("/page", page),
        Route("/fragment", fragment),
        Route("/stream", stream),
        Mount("/files", StaticFiles(directory=folder)),
    ]
    return GZipMiddleware(Starlette(routes=routes), minimum_size=500)


@contextmanager
def serving(wrapped: ASGIApp) -> Iterator[int]:
    """Serve in a thread; gives the port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(wrapped, log_level="critical", lifespan="off"))
    ready = threading.Event()
    startup = server.startup

    async def started(sockets: list[socket.socket] | None = None) -> None:
        await startup(sockets)
        ready.set()

    server.startup = started  # type: ignore[method-assign]
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
    thread.start()
    assert ready.wait(15)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(15)


def raw(port: int, request: str) -> bytes:
    """Give every byte of an answer, but for the date."""
    head, _, body = request.partition("\r\n\r\n")
    with socket.create_connection(("127.0.0.1", port), timeout=15) as connection:
        connection.sendall(f"{head}\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n{body}".encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return re.sub(rb"\r\ndate: [^\r]+", b"", answer)


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """Serve the app plainly and under `Browser`."""
    folder = tmp_path_factory.mktemp("plain")
    inner = app(folder / "files")
    with serving(inner) as plain, serving(browser(folder).wrap(inner)) as ours:
        yield plain, ours


@pytest.mark.parametrize("name", REQUESTS)
def test_the_same_bytes(ports: tuple[int, int], name: str) -> None:
    plain, ours = (raw(port, REQUESTS[name]) for port in ports)
    assert plain.startswith(b"HTTP/1.1 ")
    assert sorted(ours.partition(b"\r\n\r\n")[0].split(b"\r\n")) == sorted(
        plain.partition(b"\r\n\r\n")[0].split(b"\r\n")
    )
    assert ours.partition(b"\r\n\r\n")[2] == plain.partition(b"\r\n\r\n")[2]
    if "navigation" not in name:  # there a wrapper stands in between, and may order headers anew
        assert ours == plain
