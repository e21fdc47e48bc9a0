"""What tracking connections costs a request, and what an exec reload costs clients: ratios of one run.

``python -m tests.bench exec_wire``. The import floor is ``python -c "import fastapi, uvicorn"``.
"""

from __future__ import annotations

import os
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.support import free_port
from tests.handover.support import HTTP, Program, WebSocket

if TYPE_CHECKING:
    from collections.abc import Iterator

ASK = b"GET /plain HTTP/1.1\r\nHost: test\r\n\r\n"

BARE = """
import everything
async def app(scope, receive, send):
    if scope["type"] == "http" and scope["path"] == "/plain":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})
    else:
        await everything.app(scope, receive, send)
"""


@contextmanager
def program(*options: str) -> Iterator[Program]:
    """Start the tests' launcher with the app of the tests."""
    with tempfile.TemporaryDirectory() as name:
        Path(name, "bare.py").write_text(BARE)
        Path(name, "everything.py").write_bytes(
            Path(__file__).parents[1].joinpath("handover", "apps", "everything.py").read_bytes()
        )
        running = Program(Path(name), *options, target="bare:app")
        try:
            yield running
        finally:
            running.stop()


@contextmanager
def plain(loop: str, http: str) -> Iterator[tuple[int, int]]:
    """Start plain uvicorn with the same app; give pid and port."""
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        Path(name, "bare.py").write_text(BARE)
        Path(name, "everything.py").write_bytes(
            Path(__file__).parents[1].joinpath("handover", "apps", "everything.py").read_bytes()
        )
        options = f"--port {port} --loop {loop} --http {http} --log-level warning --no-access-log"
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "bare:app", *options.split()], cwd=name
        )
        while True:
            try:
                HTTP(socket.create_connection(("127.0.0.1", port))).get("/")
                break
            except OSError:  # not up yet
                os.sched_yield()
        try:
            yield process.pid, port
        finally:
            process.kill()
            process.wait()


def processor_time(pid: int) -> float:
    """Give the seconds of processor time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def processor_time_of(pid: int, port: int, count: int) -> float:
    """Give the processor time that `count` requests over one keep-alive connection take."""
    with socket.create_connection(("127.0.0.1", port)) as plug:
        plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        before = processor_time(pid)
        for _ in range(count):
            plug.sendall(ASK)
            answer = b""
            while not answer.endswith(b"ok"):
                answer += plug.recv(4096)
        return processor_time(pid) - before


def request_cost(loop: str, http: str, pairs: int = 15, count: int = 4000) -> float:
    """Give plain / tracked processor time of a bare ASGI request: the ratio of requests per second per core."""
    with program("--loop", loop, "--http", http) as ours, plain(loop, http) as (pid, port):
        pairs_seen = []
        for number in range(pairs + 2):
            bare = processor_time_of(pid, port, count)
            tracked = processor_time_of(ours.pid, ours.address[1], count)
            if number >= 2:
                pairs_seen.append((bare, tracked))
    return sum(a for a, _ in pairs_seen) / sum(b for _, b in pairs_seen)


def import_floor(times: int = 5) -> float:
    """Give the milliseconds of the imports alone, median."""
    seen = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import fastapi, uvicorn"], check=True)
        seen.append((time.perf_counter() - began) * 1000)
    return statistics.median(seen)


class Clients(threading.Thread):
    """Clients that ask all the time, each again when it is answered; keeps the longest silence of each."""

    def __init__(self, port: int, count: int) -> None:
        super().__init__()
        self.sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
        for number, plug in enumerate(self.sockets):
            if number % 2:
                assert WebSocket(plug).receive() == "welcome"
        self.gaps = [0.0] * count
        self.last = [time.perf_counter()] * count
        self.ended = threading.Event()
        self.lost = 0

    def ask(self, number: int) -> None:
        plug = self.sockets[number]
        plug.sendall(b"\x81\x82\0\0\0\0ok" if number % 2 else ASK)

    def run(self) -> None:
        selector = selectors.DefaultSelector()
        for number, plug in enumerate(self.sockets):
            selector.register(plug, selectors.EVENT_READ, number)
            self.last[number] = time.perf_counter()
            self.ask(number)
        while not self.ended.is_set():
            for key, _ in selector.select(0.1):
                number: int = key.data
                data = self.sockets[number].recv(65536)
                now = time.perf_counter()
                if not data:
                    self.lost += 1
                    selector.unregister(self.sockets[number])
                    continue
                if data.endswith(b"ok"):
                    self.gaps[number] = max(self.gaps[number], now - self.last[number])
                    self.last[number] = now
                    self.ask(number)


def blackout(loop: str, count: int = 60, reloads: int = 5) -> dict[str, Any]:
    """Measure what `count` mixed busy clients see, beside the import floor."""
    floors, first, gaps = [], [], []
    with program("--loop", loop) as ours:
        for _ in range(reloads):
            floors.append(import_floor(3))
            clients = Clients(ours.address[1], count)
            clients.start()
            ours.get()
            reload = ours.reload()
            ours.get()
            clients.ended.set()
            clients.join()
            assert clients.lost == 0
            first.append(reload["away_ms"])
            gaps += [gap * 1000 for gap in clients.gaps]
            for plug in clients.sockets:
                plug.close()
    floor = statistics.median(floors)
    return {
        "floor_ms": round(floor),
        "execve_to_adopted_ms": round(statistics.median(first)),
        "execve_to_adopted_over_floor": round(statistics.median(first) / floor, 2),
        "blackout_p50_ms": round(statistics.median(gaps)),
        "blackout_p99_ms": round(sorted(gaps)[int(len(gaps) * 0.99)]),
        "blackout_p50_over_floor": round(statistics.median(gaps) / floor, 2),
    }


def resident(pid: int) -> int:
    """Give the resident memory of a process in kB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


def crowd(loop: str, count: int) -> dict[str, Any]:
    """Measure until `count` idle WebSockets have all answered after a reload, beside connecting them afresh."""
    with program("--loop", loop, "--ws", "websockets-sansio") as ours:
        began = time.perf_counter()
        sockets = [WebSocket(ours.connect()) for _ in range(count)]
        for each in sockets:
            assert each.receive() == "welcome"
        fresh = time.perf_counter() - began
        memory = resident(ours.pid)
        floor = import_floor(3)
        for each in sockets:
            each.send("warm")
        for each in sockets:
            assert each.receive() == "warm"
        ours.signal()
        ours.wait("imported")
        began = time.perf_counter()
        for each in sockets:
            each.send("there?")
        for each in sockets:
            assert each.receive() == "there?"
        answered = time.perf_counter() - began
        reload = ours.wait("settled")
        result = {
            "connected_afresh_s": round(fresh, 2),
            "floor_ms": round(floor),
            "away_ms": reload["away_ms"],
            "all_answered_after_import_s": round(answered, 2),
            "memory_growth": round(resident(ours.pid) / memory - 1, 3),
            "kept": reload["kept"]["websocket"],
        }
        for each in sockets:
            each.plug.close()
    return result


QUICK = {"loops": ("asyncio",), "pairs": 3, "reloads": 2, "sockets": 100}


def measure(
    loops: tuple[str, ...] = ("asyncio", "uvloop"),
    pairs: int = 15,
    reloads: int = 5,
    sockets: int = 1000,
) -> dict[str, Any]:
    """Measure everything."""
    return {
        "requests": {
            f"{loop} {http}": round(request_cost(loop, http, pairs), 3)
            for loop in loops
            for http in ("httptools", "h11")
        },
        "blackout": {loop: blackout(loop, reloads=reloads) for loop in loops},
        f"{sockets} websockets": {loop: crowd(loop, sockets) for loop in loops},
    }
