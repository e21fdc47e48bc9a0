"""What the registry asks of each sort of protocol: how it is examined, detached and entered again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.wire.connection import Connection
    from hotswap.wire.records import ConnectionRecord

REPLYING = 2.0
"""Seconds that an answer in several parts is waited for, beginning with its first part."""


class Busy(NamedTuple):
    """Work that a handler has taken and not answered."""

    token: object
    """The same object as long as it is the same piece of work."""


def may_be_replying(spoke_at: float) -> bool:
    """Say whether a handler that took a message and spoke since may still be at its answer: it may have several parts.

    Args:
        spoke_at: ``time.monotonic()`` of its first words. One that speaks on for long pushes, and would never end.
    """
    return time.monotonic() - spoke_at <= REPLYING


class Kind(Protocol):
    """How one sort of protocol is examined, detached and entered again."""

    carries: frozenset[str]
    """The kinds of record it can adopt."""

    def serves(self, protocol: object) -> bool:
        """Say whether this kind knows `protocol`."""

    def name(self, protocol: Any) -> str:
        """Give the word for counts and reports: ``websocket``, ``http``, ``sse``, ..."""

    def busy(self, connection: Connection, protocol: Any) -> Busy | None:
        """Say what the handler works on, or None when it may be replaced this instant."""

    def gate(self, connection: Connection, protocol: Any) -> Callable[[], None]:
        """Stop reading, whatever the protocol itself says meanwhile; give what undoes it."""

    def carry(self, connection: Connection, protocol: Any) -> ConnectionRecord | str:
        """Give the record, changing nothing; or, in words, why this connection cannot be kept."""

    def adopt(
        self, connection: Connection, factory: Callable[[], Any], record: ConnectionRecord
    ) -> None:
        """Serve `record` by a fresh protocol on ``connection.transport``, which is paused."""

    def detach(self, connection: Connection, protocol: Any) -> None:
        """Let `protocol` speak to nobody from now on; its handler is about to be cancelled."""

    def refuse(self, connection: Connection, protocol: Any, code: int) -> None:
        """Close cleanly, in the kind's own words."""

    def handler(self, protocol: Any) -> Any:
        """Give the coroutine that serves the connection, or None."""

    def prepare(self, connection: Connection, protocol: Any) -> None:
        """Get ready to follow a connection that `protocol` is about to serve."""
