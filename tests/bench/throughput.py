"""Requests per second beside plain uvicorn: the median of interleaved pairs."""

from __future__ import annotations

import socket
import statistics
import tempfile
import time
from pathlib import Path

from tests.bench.support import serving, write_app

QUICK = {"pairs": 3}


def requests_per_second(port: int, seconds: float = 1.0) -> float:
    """Ask over one keep-alive connection for `seconds`."""
    request = b"GET /json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    count = 0
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.perf_counter()
        while (now := time.perf_counter()) - began < seconds:
            connection.sendall(request)
            answer = b""
            while not answer.endswith(b'{"a":1}'):
                answer += connection.recv(4096)
            count += 1
    return count / (now - began)


def measure(pairs: int = 10) -> dict[str, float]:
    """Measure `pairs` interleaved pairs; ``ratio`` is hotswap / uvicorn."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_app(folder)
        with serving("uvicorn", folder) as plain, serving("hotswap", folder) as ours:
            for server in (plain, ours):
                requests_per_second(server.port, 0.5)
            seen = [
                (requests_per_second(plain.port), requests_per_second(ours.port))
                for _ in range(pairs)
            ]
    return {
        "uvicorn": round(statistics.median(a for a, _ in seen)),
        "hotswap": round(statistics.median(b for _, b in seen)),
        "ratio": round(statistics.median(b / a for a, b in seen), 3),
    }
