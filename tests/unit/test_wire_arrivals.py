"""What was carried waits for its listener as long as the program is on its way to open it."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

import pytest

from hotswap.wire import arrivals
from hotswap.wire.arrivals import Arrivals
from hotswap.wire.records import ConnectionRecord, Manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotswap.source.model import Reload


class Timers:
    """A loop whose timers run when the test says so."""

    def __init__(self) -> None:
        self.set: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, delay: float, function: Callable[[], None]) -> Timers.Handle:
        timer = (delay, function)
        self.set.append(timer)
        return self.Handle(lambda: self.set.remove(timer) if timer in self.set else None)

    def run(self) -> None:
        due, self.set = self.set, []
        for _, function in due:
            function()

    class Handle:
        def __init__(self, cancel: Callable[[], None]) -> None:
            self.cancel = cancel


@pytest.fixture
def carried() -> Iterator[ConnectionRecord]:
    """A connection of the main listener; whoever closes it closes our copy."""
    ours, theirs = socket.socketpair()
    with ours:
        yield ConnectionRecord(theirs.detach(), 7, "websocket", "tcp:main")


def arriving(carried: ConnectionRecord, **extras: object) -> tuple[Arrivals, list[Reload]]:
    settled: list[Reload] = []
    manifest = Manifest(connections=(carried,), extras=extras)
    return Arrivals(manifest, grace=5.0, on_settled=settled.append), settled


def test_connections_wait_for_a_server_whose_start_up_takes_long(carried: ConnectionRecord) -> None:
    """Its lifespan opens a listener of its own, and then loads for longer than the time of grace."""
    loop: Any = Timers()
    arrived, settled = arriving(carried)
    arrived.starting = True
    assert arrived.take(loop, "tcp:other") == []
    loop.run()
    assert arrived.take(loop, "tcp:main") == [carried]
    arrived.started(loop)
    arrived.settle()

    assert settled[0].lost == ()
    os.close(carried.fd)


def test_what_nobody_asked_for_is_closed_once_the_server_listens(carried: ConnectionRecord) -> None:
    loop: Any = Timers()
    arrived, settled = arriving(carried)
    arrived.starting = True
    arrived.take(loop, "tcp:other")
    arrived.started(loop)
    loop.run()

    assert settled[0].lost == ("1 websocket of tcp:main: no listener took them",)
    with pytest.raises(OSError):
        os.fstat(carried.fd)


def test_each_listener_of_a_program_begins_the_time_anew(carried: ConnectionRecord) -> None:
    loop: Any = Timers()
    arrived, settled = arriving(carried)
    arrived.take(loop, "tcp:a")
    arrived.take(loop, "tcp:b")

    assert [delay for delay, _ in loop.set] == [5.0]
    loop.run()
    assert len(settled) == 1


@pytest.mark.parametrize(("took", "grace"), [(1.0, 5.0), (20.0, 40.0), (500.0, arrivals.LONGEST)])
def test_who_took_long_to_listen_gets_longer(
    carried: ConnectionRecord, took: float, grace: float
) -> None:
    loop: Any = Timers()
    arrived, _ = arriving(carried, **{arrivals.EXTRA: took})
    arrived.expect(loop)

    assert [delay for delay, _ in loop.set] == [grace]
    loop.run()


def test_nothing_is_closed_or_settled_while_thousands_are_adopted(
    carried: ConnectionRecord,
) -> None:
    loop: Any = Timers()
    arrived, settled = arriving(carried)
    arrived.take(loop, "tcp:main")
    arrived.adopting += 1
    loop.run()
    arrived.settle()
    assert settled == []
    arrived.adopting -= 1
    arrived.settle()

    assert len(settled) == 1
    os.close(carried.fd)


def test_the_blackout_ends_with_the_first_connection_that_is_served(
    carried: ConnectionRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listener that nobody was connected to says nothing of it, unless there is no other."""
    now = 0.0
    monkeypatch.setattr(arrivals.time, "monotonic", lambda: now)
    loop: Any = Timers()
    arrived, _ = arriving(carried)
    now = 1.0
    assert arrived.take(loop, "tcp:lifespan") == []
    assert arrived.report().blackout_ms == 1000.0
    now = 3.0
    socket.socket(fileno=arrived.take(loop, "tcp:main")[0].fd).close()
    arrived.answer()
    now = 4.0
    arrived.take(loop, "tcp:last")

    assert arrived.report().blackout_ms == 3000.0
