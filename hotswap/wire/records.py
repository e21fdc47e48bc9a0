"""What crosses execve, as plain values: listeners, connections, and the facts of the reload.

Named tuples of builtins and nothing else: 10,000 of them pickle in milliseconds, and the waking image can read them
with the standard library alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from hotswap.wire.peers import Peer

VERSION = 1
"""Of these records. Another version drops the state, never the connections (`hotswap.handover.carrier`)."""


class ListenerRecord(NamedTuple):
    """One listening socket."""

    fd: int
    key: str
    """The address as the program asked for it: ``tcp:127.0.0.1:8000``, ``unix:/run/app.sock``."""


class ConnectionRecord(NamedTuple):
    """One accepted connection, detached from the code that served it."""

    fd: int
    id: int
    kind: str
    """``websocket``, ``http``, ``sse``, ``stream``, ``protocol`` or ``fresh`` (accepted, not yet served); with ``/``
    and the library where that is not uvicorn."""
    key: str
    """The listener that accepted it."""
    opening: bytes = b""
    """The request that opened it, to be replayed to a fresh protocol."""
    raw: bytes = b""
    """Bytes received since the last message boundary."""
    unsent: bytes = b""
    """Bytes the program had written and the socket had not taken yet."""
    queue: tuple[tuple[str, str | bytes], ...] = ()
    """WebSocket messages read but not yet taken by the app: ``("text" | "bytes", payload)``."""
    window: bytes = b""
    """The inflate window at the last message boundary."""
    hushed: bool = False
    """The handler was waiting for input: what it says before it waits again was said in its first life."""
    resumed: int = 0
    """How often its handler has been entered again, this adoption not counted."""
    eof: bool = False
    """The peer has half-closed."""
    note: str = ""
    """Kind-specific: the last ``id:`` of an event stream."""
    attributes: tuple[tuple[str, bytes], ...] = ()
    """Of a user's own protocol: attribute name and pickled value."""
    peer: Peer | None = None
    """What the descriptor itself cannot tell, behind the keeper."""
    again: int = 0
    """How much of `raw` (a stream's bytes) or `queue` (messages) its handler had taken already: the beginning of a
    message that comes in several pieces."""

    @property
    def word(self) -> str:
        """Give the word for it in counts and reports."""
        return "http" if self.kind == "fresh" else self.kind.partition("/")[0]


@dataclass(slots=True)
class Manifest:
    """Everything one image leaves to the next."""

    generation: int = 0
    reason: str = ""
    fresh: bool = False
    """Start with fresh state; connections are kept all the same."""
    left_at: float = 0.0
    """``time.monotonic()`` at execve; the clock goes on across it."""
    gated_at: float = 0.0
    """``time.monotonic()`` when connections stopped being served: the beginning of the blackout."""
    listeners: tuple[ListenerRecord, ...] = ()
    connections: tuple[ConnectionRecord, ...] = ()
    lost: tuple[str, ...] = ()
    """A line each, with the cause."""
    extras: dict[str, object] = field(default_factory=dict)
    """Plain data of other rooms, by name."""
    children: tuple[int, ...] = ()
    """Child processes that are still ours and that no watcher knows any more."""
    next_id: int = 1
    woke_at: float = 0.0
    """``time.time()`` when the new image began: what was saved later may not be what it runs."""
    crashes: int = 0
    """Images in a row that could not start; they parked."""
    notes: tuple[str, ...] = ()
    """What the carrier itself has to say: another version, a torn state."""
    state: memoryview = field(default_factory=lambda: memoryview(b""))
    """Pickled user state, read only; see `hotswap.handover.state`."""
    fd: int = -1
    """The carrier's descriptor, kept until everything is adopted."""

    def descriptors(self) -> list[int]:
        """Give the sockets that must cross execve."""
        listeners = [record.fd for record in self.listeners]
        return listeners + [record.fd for record in self.connections]
