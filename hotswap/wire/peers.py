"""What a connection behind the TLS keeper says of itself: its descriptor is one end of a pair, and knows nothing."""

from __future__ import annotations

import base64
import socket
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

FACTS = frozenset(
    {
        "socket",
        "peername",
        "sockname",
        "sslcontext",
        "ssl_object",
        "peercert",
        "cipher",
        "compression",
    }
)
"""What ``get_extra_info`` answers from here."""


class Peer(NamedTuple):
    """The client's side of a connection, as the keeper tells it."""

    peername: Any
    sockname: Any
    scheme: str
    name: int
    """The keeper's name of the connection."""
    tls: Any = None
    """What the handshake agreed on, by name: ``alpn``, ``version``, ``cipher``, ``compression``, ``certificate`` and
    ``der`` (the client's, where it showed one)."""

    def fact(self, name: str, real: Any) -> Any:
        """Give what ``get_extra_info(name)`` gives of a TLS connection; `real` is the transport of our end."""
        if name == "socket":
            return Plug(self, real.get_extra_info("socket"))
        if name in ("peername", "sockname"):
            return getattr(self, name)
        session = Session(self.tls or {})
        if name in ("sslcontext", "ssl_object"):
            return session
        return session.getpeercert() if name == "peercert" else getattr(session, name)()


class Shared(socket.socket):
    """Our end of a pair of which the keeper holds a copy: closing it alone would tell nobody.

    Transports close their socket (asyncio), or detach it once the number is closed (uvloop), whatever ended them.
    """

    ended: Callable[[], object] | None = None
    """Called once when our end is closed."""

    def close(self) -> None:
        self._end()
        super().close()

    def detach(self) -> int:
        self._end()
        return super().detach()

    def _end(self) -> None:
        ended, self.ended = self.ended, None
        if ended is not None:
            ended()


class Plug:
    """Stands for the client's socket."""

    def __init__(self, peer: Peer, plug: Any) -> None:
        self._peer = peer
        self._plug = plug

    def getpeername(self) -> Any:
        return self._peer.peername

    def getsockname(self) -> Any:
        return self._peer.sockname

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plug, name)


class Session:
    """Stands for the ``ssl.SSLObject``, and its context: tells what was agreed on, and cannot change it."""

    server_side = True
    server_hostname = None

    def __init__(self, agreed: dict[str, Any]) -> None:
        self._agreed = agreed

    def selected_alpn_protocol(self) -> str | None:
        return self._agreed.get("alpn")

    def version(self) -> str | None:
        return self._agreed.get("version")

    def cipher(self) -> Any:
        return _tuples(self._agreed.get("cipher"))

    def compression(self) -> str | None:
        return self._agreed.get("compression")

    def getpeercert(self, binary_form: bool = False) -> Any:
        if binary_form:
            der = self._agreed.get("der")
            return base64.b64decode(der) if der else None
        found = self._agreed.get("certificate")
        return {name: _tuples(value) for name, value in found.items()} if found else found


def _tuples(value: Any) -> Any:
    """Give what was a tuple before it went through JSON."""
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value
