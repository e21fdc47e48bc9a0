"""Before leaving everything stands still and is written down; or goes on, as if nothing had happened."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from typing import TYPE_CHECKING, Any

from hotswap.wire import doors
from hotswap.wire.attributes import Shared
from hotswap.wire.records import ConnectionRecord, ListenerRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hotswap.wire.connection import Connection
    from hotswap.wire.kinds import Kind
    from hotswap.wire.registry import Registry


class Standstill:
    """Of all listeners and connections of one registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._undo: list[Callable[[], None]] = []
        self._shut: list[int] = []
        self._doomed: list[tuple[Connection, Any, Kind]] = []
        self._shared: dict[Kind, Shared] | None = None

    async def gate(self) -> None:
        """Stop accepting and reading everywhere; what arrives waits in the kernel."""
        self._registry.gated = True
        loop = asyncio.get_running_loop()
        self._shut = self._open()
        doors.shut(loop, self._shut)
        for connection, protocol, kind in self._registry.connections():
            self._undo.append(kind.gate(connection, protocol))
        for _ in range(doors.TURNS):
            await asyncio.sleep(0)

    def ungate(self) -> None:
        """Go on as if nothing had happened."""
        self._registry.gated = False
        still_open = self._open()
        doors.unshut(asyncio.get_running_loop(), [fd for fd in self._shut if fd in still_open])
        undo, self._undo = self._undo, []
        for step in undo:
            step()
        self._registry.serve_held()

    def _open(self) -> list[int]:
        """Give the descriptors that loops accept and receive on."""
        listening = [each.fileno() for _, each in self._registry.listeners()]
        return listening + self._registry.datagrams.descriptors()

    def collect(self) -> tuple[list[ConnectionRecord], list[str]]:
        """Write every connection down, and say what cannot be kept; change nothing."""
        self._doomed.clear()
        self._shared = {}
        records: list[ConnectionRecord] = []
        lost: Counter[str] = Counter()
        for connection, protocol, kind in self._registry.connections():
            record = kind.carry(connection, protocol)
            if isinstance(record, str):
                lost[record] += 1
                self._doomed.append((connection, protocol, kind))
            else:
                records.append(record)
        self._shared = None
        if self._registry.keeping is not None:
            self._registry.keeping.carry(each.peer.name for each in records if each.peer)
        return records, [
            f"{count} {why.replace('connection', 'connections', 1) if count > 1 else why}"
            for why, count in lost.items()
        ]

    def shared(self, kind: Kind) -> Shared:
        """Give what the protocols of a kind share; worked out once for all that are written down together."""
        known = self._shared if self._shared is not None else {}
        if kind not in known:
            known[kind] = Shared(
                protocol for _, protocol, each in self._registry.connections() if each is kind
            )
        return known[kind]

    def bid_farewell(self) -> None:
        """Close what `collect` could not keep, in its own words. For the last moment before execve."""
        for connection, protocol, kind in self._doomed:
            if connection.live:
                kind.refuse(connection, protocol, 1012)

    def copy_listeners(self) -> list[ListenerRecord]:
        """Give records of copies of all listening sockets; the program may now close its own."""
        unlinked = getattr(asyncio.get_running_loop(), "_unix_server_sockets", None)
        if unlinked is not None:
            unlinked.clear()  # from 3.13 on, close() would unlink the path that is still listened on
        return [
            ListenerRecord(os.dup(listening.fileno()), key)
            for key, listening in self._registry.listeners()
        ]

    def return_listeners(self, copies: Iterable[ListenerRecord]) -> None:
        """Take copies back: those of servers that were closed wait to be asked for again, the others go."""
        open_keys = {key for key, _ in self._registry.listeners()}
        for copy in copies:
            if copy.key in open_keys:
                os.close(copy.fd)
            else:
                self._registry.names.release(copy.key)
                self._registry.arrivals.offer((copy,))
