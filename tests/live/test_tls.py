"""TLS under the real command: a connection lives through an exec reload in the keeper's hands."""

from __future__ import annotations

import shutil
import signal
import socket
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.handover.support import own_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hotswap.testing import Live, Project

REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
APP = """\
from fastapi import FastAPI, Request

app = FastAPI()
counter = {"asked": 0}


@app.get("/")
async def index(request: Request) -> dict[str, object]:
    counter["asked"] += 1
    return {"asked": counter["asked"], "scheme": request.url.scheme, "client": request.client.host}
"""


@pytest.fixture(name="certificate")
def _certificate(tmp_path: Path) -> tuple[Path, Path]:
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command to make a certificate")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    subprocess.run(
        [*command.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True,
        capture_output=True,
        timeout=60,
    )
    return cert, key


def ask(connection: ssl.SSLSocket) -> bytes:
    """Ask on a kept-alive connection; give the body."""
    connection.sendall(REQUEST)
    return answer(connection)


def answer(connection: ssl.SSLSocket) -> bytes:
    """Give the body of the next answer."""
    said = b""
    while not said.endswith(b"}"):
        more = connection.recv(4096)
        assert more, said
        said += more
    return said.partition(b"\r\n\r\n")[2]


def test_a_tls_connection_lives_through_an_exec_reload(
    project: Project, live: Callable[..., Live], certificate: tuple[Path, Path]
) -> None:
    cert, key = certificate
    project.write({"main.py": APP})
    server = live("main:app", "--ssl-certfile", str(cert), "--ssl-keyfile", str(key))
    context = ssl.create_default_context(cafile=str(cert))
    context.check_hostname = False
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=30) as raw,
        context.wrap_socket(raw) as connection,
    ):
        first = ask(connection)
        assert b'"asked":1' in first
        assert b'"scheme":"https"' in first
        assert b'"client":"127.0.0.1"' in first
        server.signal(signal.SIGUSR1)
        server.wait(lambda event: event.get("verdict") == "reloaded")
        assert b'"asked":2' in ask(connection)
    assert server.stop() in (0, -signal.SIGINT)


def test_a_killed_server_has_its_port_and_its_connections_again(
    project: Project, live: Callable[..., Live], certificate: tuple[Path, Path]
) -> None:
    """The keeper holds the port: the command said that another process has it, and ended."""
    cert, key = certificate
    project.write({"main.py": APP})
    given = ("--port", str(own_port()), "--ssl-certfile", str(cert), "--ssl-keyfile", str(key))
    server = live("main:app", *given)
    context = ssl.create_default_context(cafile=str(cert))
    context.check_hostname = False
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=30) as raw,
        context.wrap_socket(raw) as connection,
    ):
        assert b'"asked":1' in ask(connection)
        server.signal(signal.SIGKILL)
        server.process.wait()
        connection.sendall(REQUEST)  # nobody has read that: it is answered by the next server
        again = live("main:app", *given)
        assert b'"asked":1' in answer(connection)
        assert b'"asked":2' in ask(connection)
        assert again.port == server.port
    assert again.stop() in (0, -signal.SIGINT)
