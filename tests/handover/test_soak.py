"""Hundreds of reloads in a row under load. ``HOTSWAP_SOAK=200`` says how many; a handful otherwise."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.handover.support import FACTOR, HTTP, WebSocket

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.handover.support import Program

COUNT = int(os.environ.get("HOTSWAP_SOAK", "6"))

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout((60 + 5 * COUNT) * FACTOR)]


def resident(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def test_reloads_in_a_row_lose_double_and_leak_nothing(
    start: Callable[..., Program], loop: str
) -> None:
    program = start("--loop", loop, "--no-preflight")
    sockets = [WebSocket(program.connect(), deflate=bool(number % 2)) for number in range(10)]
    for each in sockets:
        assert each.receive() == "welcome"
    client = HTTP(program.connect())
    expected = sent = 0
    levels, memory = [], []
    for turn in range(COUNT):
        halves = []
        for number, each in enumerate(sockets):
            data = each.message(f"turn {turn} of {number}: the same words again and again", 3)
            cut = (turn + number) % len(data)
            each.plug.sendall(data[:cut])
            halves.append(data[cut:])
        program.signal()
        client.plug.sendall(client.request("/"))
        for each, half in zip(sockets, halves, strict=True):
            each.plug.sendall(half + each.message(f"{turn}"))
        reload = program.wait("settled")
        for number, each in enumerate(sockets):
            assert each.receive() == f"turn {turn} of {number}: the same words again and again"
            assert each.receive() == f"{turn}"
        sent += 2 * len(sockets) + 1
        expected = max(expected, client.answer()["count"])
        levels.append(reload["fds"])
        memory.append(resident(program.pid))
        assert reload["lost"] == []

    assert client.get("/")["count"] == sent + 1
    assert expected <= sent
    assert all(each.nothing() for each in sockets)
    assert max(levels[2:]) - min(levels[2:]) <= 1  # the client's answer may just be on its way
    assert memory[-1] < memory[1] * 1.1
