"""A program under test in a process of its own, and clients that speak raw bytes."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any

APPS = Path(__file__).parent / "apps"
ROOT = Path(__file__).parents[2]
FACTOR = float(os.environ.get("HOTSWAP_TEST_TIME_FACTOR", "1"))
PATIENCE = 20.0 * FACTOR


_asked = itertools.count()


def own_port() -> int:
    """Give a port for a program that has to be told one.

    It lies below those that the system hands out by itself: until the program binds it, no client and no server of
    another test is given it. Each process asks from a place of its own on.
    """
    lowest, number = 10_000, os.getpid() * 61
    try:
        size = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0]) - lowest
    except OSError:
        size = 20_000
    if size < 1000:
        lowest, size = 30_000, 30_000
    while True:
        port = lowest + (number + next(_asked)) % size
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class Program:
    """``launcher`` serving an app of a directory; its events are read line by line."""

    def __init__(
        self,
        directory: Path,
        *options: str,
        target: str = "everything:app",
        environment: dict[str, str] | None = None,
        python: tuple[str, ...] = (),
    ) -> None:
        self.directory = directory
        module = target.partition(":")[0]
        source = APPS / f"{module}.py"
        if source.exists() and not (directory / source.name).exists():
            (directory / source.name).write_bytes(source.read_bytes())
        self.events: list[dict[str, Any]] = []
        self._buffer = b""
        self.errors = (directory / "stderr.txt").open("ab+")
        self.process = subprocess.Popen(
            [sys.executable, *python, "-m", "tests.handover.launcher", *options, target],
            cwd=directory,
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            stderr=self.errors,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "PYTHONFAULTHANDLER": "1",
                **(environment or {}),
            },
        )
        assert self.process.stdout is not None
        self.pipe = self.process.stdout.fileno()
        try:
            self.address = self.wait("serving")["address"]
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait(self, event: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """Read on until `event` comes."""
        deadline = time.monotonic() + seconds
        while True:
            while b"\n" in self._buffer:
                line, self._buffer = self._buffer.split(b"\n", 1)
                self.events.append(json.loads(line))
                if self.events[-1]["event"] == event:
                    return self.events[-1]
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self.pipe], [], [], max(left, 0))
            data = os.read(self.pipe, 65536) if ready else b""
            if not data:
                self.errors.flush()
                said = (self.directory / "stderr.txt").read_text()[-3000:]
                raise AssertionError(f"no {event!r} among {self.events[-5:]}\n{said}")
            self._buffer += data

    def signal(self, number: int = signal.SIGUSR1) -> None:
        os.kill(self.pid, number)

    def reload(self) -> dict[str, Any]:
        """Ask for an exec reload and wait until everything is adopted."""
        self.signal()
        return self.wait("settled")

    def edit(self, old: str, new: str, name: str = "everything.py") -> None:
        path = self.directory / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def connect(self, port: int | None = None) -> socket.socket:
        if isinstance(self.address, str):
            plug = socket.socket(socket.AF_UNIX)
            plug.settimeout(PATIENCE)
            plug.connect(self.address)
            return plug
        plug = socket.create_connection(("127.0.0.1", port or self.address[1]), timeout=PATIENCE)
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return plug

    def get(self, path: str = "/") -> Any:
        with self.connect() as plug:
            return HTTP(plug).get(path)

    def stderr(self) -> str:
        self.errors.flush()
        return (self.directory / "stderr.txt").read_text()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5 * FACTOR)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.errors.close()


class HTTP:
    """One keep-alive connection."""

    def __init__(self, plug: socket.socket) -> None:
        self.plug = plug
        self.buffer = b""

    def request(self, path: str = "/", method: str = "GET", body: bytes = b"") -> bytes:
        length = f"Content-Length: {len(body)}\r\n" if body or method == "POST" else ""
        return f"{method} {path} HTTP/1.1\r\nHost: test\r\n{length}\r\n".encode() + body

    def more(self) -> None:
        data = self.plug.recv(65536)
        if not data:
            raise EOFError(self.buffer[:500])
        self.buffer += data

    def until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            self.more()
        head, _, self.buffer = self.buffer.partition(mark)
        return head + mark

    def take(self, size: int) -> bytes:
        while len(self.buffer) < size:
            self.more()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def head(self) -> tuple[int, dict[str, str]]:
        lines = self.until(b"\r\n\r\n").decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        return int(lines[0].split()[1]), headers

    def answer(self) -> Any:
        status, headers = self.head()
        body = self.take(int(headers["content-length"]))
        return json.loads(body) if status == 200 else (status, body)

    def chunk(self) -> bytes:
        size = int(self.until(b"\r\n"), 16)
        return self.take(size + 2)[:-2]

    def get(self, path: str = "/") -> Any:
        self.plug.sendall(self.request(path))
        return self.answer()


def frame(payload: bytes, opcode: int = 1, *, final: bool = True, packed: bool = False) -> bytes:
    """Give a client's frame (RFC 6455 section 5.2), masked."""
    first = (0x80 if final else 0) | (0x40 if packed else 0) | opcode
    mask = b"\x11\x22\x33\x44"
    size = len(payload)
    if size < 126:
        head = bytes((first, 0x80 | size))
    elif size < 65536:
        head = bytes((first, 0x80 | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((first, 0x80 | 127)) + size.to_bytes(8, "big")
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return head + mask + masked


class WebSocket:
    """A raw client; with `deflate` it compresses with context takeover (RFC 7692)."""

    def __init__(
        self, plug: socket.socket, path: str = "/echo", *, deflate: bool = False, protocol: str = ""
    ) -> None:
        self.http = HTTP(plug)
        self.plug = plug
        key = base64.b64encode(os.urandom(16)).decode()
        extra = (
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
            if deflate
            else ""
        )
        extra += f"Sec-WebSocket-Protocol: {protocol}\r\n" if protocol else ""
        plug.sendall(
            f"GET {path} HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{extra}\r\n".encode()
        )
        status, self.headers = self.http.head()
        assert status == 101, status
        self.packer = None
        if deflate:
            answer = self.headers["sec-websocket-extensions"]
            bits = (
                int(answer.split("client_max_window_bits=")[1].split(";")[0])
                if "client_max" in answer
                else 15
            )
            self.bits = bits
            self.takeover = "client_no_context_takeover" not in answer
            self.packer = zlib.compressobj(wbits=-bits)
            self.unpacker = zlib.decompressobj(wbits=-15)

    def pack(self, text: str) -> bytes:
        assert self.packer is not None
        if not self.takeover:
            self.packer = zlib.compressobj(wbits=-self.bits)
        return (self.packer.compress(text.encode()) + self.packer.flush(zlib.Z_SYNC_FLUSH))[:-4]

    def message(self, text: str, pieces: int = 1) -> bytes:
        """Give the frames of one text message, cut into fragments."""
        payload = self.pack(text) if self.packer is not None else text.encode()
        step = max(1, -(-len(payload) // pieces))
        parts = [payload[start : start + step] for start in range(0, len(payload), step)] or [b""]
        return b"".join(
            frame(
                part,
                0 if place else 1,
                final=place == len(parts) - 1,
                packed=self.packer is not None and place == 0,
            )
            for place, part in enumerate(parts)
        )

    def send(self, text: str) -> None:
        self.plug.sendall(self.message(text))

    def receive_frame(self) -> tuple[int, bytes]:
        first, second = self.http.take(2)
        size = second & 0x7F
        if size == 126:
            size = int.from_bytes(self.http.take(2), "big")
        elif size == 127:
            size = int.from_bytes(self.http.take(8), "big")
        payload = self.http.take(size)
        if first & 0x40:
            payload = self.unpacker.decompress(payload + b"\x00\x00\xff\xff")
        return first & 0x0F, payload

    def receive(self) -> str:
        """Give the next text message; pongs and pings are passed over."""
        while True:
            opcode, payload = self.receive_frame()
            if opcode == 8:
                raise EOFError(f"closed with {int.from_bytes(payload[:2], 'big')}")
            if opcode in (1, 2):
                return payload.decode()

    def nothing(self) -> bool:
        """Say whether nothing more has arrived: answered pings prove that all before was read."""
        self.plug.sendall(frame(b"proof", 9))
        opcode, payload = self.receive_frame()
        return (opcode, payload) == (10, b"proof")
