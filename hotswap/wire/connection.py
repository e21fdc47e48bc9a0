"""One accepted connection: who it is, not who serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.wire.lines import Gathering
    from hotswap.wire.peers import Peer


class Connection:
    """One accepted connection: who it is, not who serves it."""

    __slots__ = (
        "__weakref__",
        "factory",
        "held",
        "id",
        "key",
        "memory",
        "peer",
        "remembers",
        "resumed",
        "shells",
        "transport",
    )

    def __init__(
        self, identity: int, key: str, transport: Any, factory: Callable[[], Any] | None
    ) -> None:
        self.id = identity
        self.key = key
        self.transport = transport
        self.factory = factory
        self.memory: dict[Any, Any] | None = None
        self.remembers = False
        """Its handler asks what it did in its first life, and says itself where it begins."""
        self.resumed = 0
        self.shells: Any = None
        """Objects of the last image that stand for this connection; see `hotswap.wire.objects`."""
        self.held: Gathering | None = None
        """Accepted while reading was gated: not served yet."""
        self.peer: Peer | None = None
        """What the keeper tells of the client's side."""

    @property
    def live(self) -> bool:
        return not self.transport.is_closing()

    @property
    def protocol(self) -> Any:
        protocol = self.transport.get_protocol()
        return getattr(protocol, "heir", None) or protocol
