"""TLS connections through exec reloads, and through kill -9 and a new start, by way of the keeper."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import ssl
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.handover.scripts import RUN, Script, reload
from tests.handover.support import HTTP, PATIENCE, Program, WebSocket

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.testing import Live, Project

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        shutil.which("openssl") is None, reason="needs openssl to make certificates"
    ),
]


def certify(path: Path, name: str) -> None:
    """Write a self-signed certificate with its key into one file."""
    key = path.with_suffix(".key")
    curve = "ec_paramgen_curve:prime256v1"
    order = f"req -x509 -newkey ec -pkeyopt {curve} -nodes -days 2 -subj /CN={name}"
    subprocess.run(
        ["openssl", *order.split(), "-keyout", str(key), "-out", str(path)],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + key.read_text())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "cert.pem"
    certify(path, "first")
    return path


def unverified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def secured(program: Program) -> ssl.SSLSocket:
    return unverified().wrap_socket(program.connect())


def keeper_of(server: int) -> int:
    """Give the keeper, the only child of its server, as a descriptor."""
    (keeper,) = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return os.pidfd_open(int(keeper))


@pytest.fixture
def options(
    loop: str, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return ["--loop", loop, "--cert", str(certificate), "--keeper", "30"]


def test_tls_connections_survive_exec(start: Callable[..., Program], options: list[str]) -> None:
    program = start(*options, target="whoami:app")
    plug = secured(program)
    client, socket_ = HTTP(plug), WebSocket(secured(program), "/ws")
    assert socket_.receive() == "welcome wss"
    before = client.get("/")
    assert before["scheme"] == "https"
    assert tuple(before["client"]) == plug.getsockname()
    assert tuple(before["server"]) == plug.getpeername()
    half = socket_.message("cut in two")
    for turn in range(2):
        socket_.plug.sendall(half[:9])
        reload = program.reload()
        socket_.plug.sendall(half[9:])
        assert socket_.receive() == "cut in two"
        assert client.get("/") == {**before, "n": turn + 2}
        assert reload["kept"] == {"listener": 1, "websocket": 1, "http": 1}
        assert reload["lost"] == []
    assert HTTP(secured(program)).get("/")["n"] == 4


def test_tls_connections_survive_a_killed_server(
    start: Callable[..., Program], options: list[str]
) -> None:
    program = start(*options, target="whoami:app")
    sockets = [WebSocket(secured(program), "/ws", deflate=bool(number % 2)) for number in range(4)]
    client = HTTP(secured(program))
    for each in sockets:
        assert each.receive() == "welcome wss"
        each.send("the same words")
        assert each.receive() == "the same words"
    first = client.get("/")
    program.signal(signal.SIGKILL)
    program.process.wait()
    for each in sockets:
        each.send("the same words")
    again = start(*options, target="whoami:app")

    for each in sockets:
        assert each.receive() == "the same words"
        each.send("more")
        assert each.receive() == "more"
    assert client.get("/")["pid"] == again.pid != first["pid"]
    assert again.address == program.address


def test_big_answers_and_closing_work_through_the_keeper(
    start: Callable[..., Program], options: list[str]
) -> None:
    program = start(*options, target="whoami:app")
    client = HTTP(secured(program))
    client.plug.sendall(client.request("/big"))
    _, headers = client.head()
    HTTP(secured(program)).get("/")
    program.reload()
    assert client.take(int(headers["content-length"])) == b"".join(
        b"%07d\n" % number for number in range(500_000)
    )
    client.plug.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    client.answer()
    with pytest.raises(EOFError):
        client.more()


def test_certificates_are_renewed_by_a_reload(
    start: Callable[..., Program], options: list[str], certificate: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own.pem"
    certify(own, "first")
    options[options.index("--cert") + 1] = str(own)
    program = start(*options, target="whoami:app")
    client = HTTP(secured(program))
    client.get("/")
    old = secured(program).getpeercert(binary_form=True)
    certify(own, "second")
    program.reload()

    assert secured(program).getpeercert(binary_form=True) != old
    assert client.get("/")["n"] == 2


def test_the_keeper_leaves_when_its_server_is_gone(
    start: Callable[..., Program], options: list[str], tmp_path: Path
) -> None:
    options[-1] = "2"
    program = start(*options, target="whoami:app")
    client = HTTP(secured(program))
    client.get("/")
    control = next((tmp_path / f"hotswap-{os.getuid()}").iterdir())
    assert control.stat().st_mode & 0o777 == 0o600
    process = keeper_of(program.pid)
    program.signal(signal.SIGKILL)

    assert select.select([process], [], [], 15)[0]
    os.close(process)
    assert not control.exists()
    with pytest.raises((EOFError, OSError)):
        client.more()


SCRIPT = """
import asyncio, ssl, sys

async def talk(reader, writer):
    while line := await reader.readline():
        writer.write(line)

async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1])
    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context)
    print("port", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
"""


def test_the_keeper_leaves_at_once_when_its_script_is_told_to_end(
    project: Project,
    live: Callable[..., Live],
    loop: str,
    certificate: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SIGTERM has its default action there: to the keeper the end would look like a crash."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    project.write(server=SCRIPT + RUN)
    script = Script(live("server.py", program=(str(certificate), loop), wait=False))
    plug = unverified().wrap_socket(script.connect())
    plug.sendall(b"before\n")
    assert plug.recv(100) == b"before\n"
    reload(script.live)
    process = keeper_of(script.live.pid)
    script.live.signal(signal.SIGTERM)
    assert script.live.process.wait(PATIENCE) == -signal.SIGTERM

    assert select.select([process], [], [], 15)[0]
    os.close(process)
    with pytest.raises(OSError, match="refused"):
        script.connect()


def test_without_the_keeper_tls_connections_are_closed_with_1012_and_it_is_said(
    start: Callable[..., Program], loop: str, certificate: Path
) -> None:
    program = start("--loop", loop, "--cert", str(certificate), target="whoami:app")
    both = [WebSocket(secured(program), "/ws") for _ in range(2)]
    for each in both:
        assert each.receive() == "welcome wss"
    reload = program.reload()

    assert reload["lost"] == ["2 TLS connections: keep them with --tls-keeper"]
    for each in both:
        with pytest.raises((EOFError, ssl.SSLError), match=r"1012|closed|EOF"):
            each.receive()
    assert HTTP(secured(program)).get("/")["scheme"] == "https"


def test_streams_over_tls_know_whom_they_talk_to_and_end_on_both_sides(
    start: Callable[..., Program], loop: str, certificate: Path, tmp_path: Path
) -> None:
    environment = {"CERTIFICATE": str(certificate), "XDG_RUNTIME_DIR": str(tmp_path)}
    options = ("--loop", loop, "--keeper", "30")
    program = start(*options, target="locked:app", environment=environment)
    (port,) = program.get("/")

    def line(*, own: Path | None = None, version: ssl.TLSVersion | None = None) -> ssl.SSLSocket:
        context = unverified()
        context.set_alpn_protocols(["other", "lines"])
        if own is not None:
            context.load_cert_chain(own)
        if version is not None:
            context.maximum_version = version
        return context.wrap_socket(program.connect(port), suppress_ragged_eofs=False)

    plugs = [line(own=certificate), *(line() for _ in range(4))]
    files = [plug.makefile("rb") for plug in plugs]
    for place, (plug, file) in enumerate(zip(plugs, files, strict=True)):
        facts = json.loads(file.readline())
        assert facts == {
            "peer": list(plug.getsockname()),
            "alpn": "lines",
            "version": "TLSv1.3",
            "cipher": "TLSv1.3",
            "subject": "" if place else "first",
            "half": False,
        }
    with pytest.raises(ssl.SSLError):
        line(version=ssl.TLSVersion.TLSv1_2)
    plugs[0].sendall(b"half a ")
    reload = program.reload()
    assert reload["kept"]["stream"] == 5
    plugs[0].sendall(b"line\n")
    assert files[0].readline() == b"%d half a line\n" % program.pid
    plugs[1].sendall(b"much\n")
    assert files[1].read(4_000_000) == b"%08d" % 7 * 500_000
    plugs[2].sendall(b"end\n")
    assert files[2].read() == b"%d end\n" % program.pid
    for plug, file in zip(plugs[3:], files[3:], strict=True):
        socket.socket.shutdown(plug, socket.SHUT_WR)
        assert file.read() == b""
