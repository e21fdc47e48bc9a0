"""What the TLS keeper costs a round trip, beside TLS in the server's own process; pairs of one run.

``python -m tests.bench keeper``. One WebSocket to each of two servers; each echo over the one is followed by an echo
over the other, so that both see the same moments of a shared machine.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.bench.support import summary
from tests.handover.support import Program, WebSocket
from tests.handover.test_keeper import certify, secured

ECHOES = 4000
WARM = 300


def echo(socket: WebSocket) -> float:
    """Give the microseconds of one round trip."""
    began = time.perf_counter()
    socket.send("there and back")
    socket.receive()
    return (time.perf_counter() - began) * 1e6


def pairs(loop: str) -> dict[str, Any]:
    """Measure echoes through the keeper and without it."""
    with ExitStack() as stack:
        certificate = Path(stack.enter_context(tempfile.TemporaryDirectory()), "cert.pem")
        certify(certificate, "localhost")
        sockets = []
        for keeper in ((), ("--keeper", "5")):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            options = ("--loop", loop, "--cert", str(certificate), *keeper)
            program = Program(folder, *options, target="whoami:app")
            stack.callback(program.stop)
            sockets.append(WebSocket(secured(program), "/ws"))
            sockets[-1].receive()
        own: list[float] = []
        kept: list[float] = []
        for number in range(WARM + ECHOES):
            times = [echo(socket) for socket in sockets]
            if number >= WARM:
                own.append(times[0])
                kept.append(times[1])
    return {
        "own_us": summary(own),
        "keeper_us": summary(kept),
        "p50_more_us": round(statistics.median(kept) - statistics.median(own)),
        "p50_of_differences_us": round(
            statistics.median(b - a for a, b in zip(own, kept, strict=True))
        ),
    }


QUICK: dict[str, int] = {}


def measure() -> dict[str, Any]:
    """Measure on both loops."""
    return {loop: pairs(loop) for loop in ("asyncio", "uvloop")}
