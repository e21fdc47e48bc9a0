"""Datagram endpoints of a loop (``create_datagram_endpoint``): a bound one is kept, with its protocol's attributes.

The socket is carried as a listener is: what is sent to it meanwhile waits in the kernel. Whoever binds the address in
the next image gets it (`bound`). One that is bound to any free port, a client's, ends with its image.
"""

from __future__ import annotations

import asyncio
import functools
import socket
from typing import TYPE_CHECKING, Any

from hotswap.wire import attributes
from hotswap.wire.bound import key_of
from hotswap.wire.listeners import defined_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotswap.wire.records import Manifest
    from hotswap.wire.registry import Registry

EXTRA = "datagrams"
"""Where in the manifest the attributes of protocols stand, by key."""


class Datagrams:
    """The datagram endpoints of this image.

    Args:
        manifest: What the last image left.
    """

    def __init__(self, manifest: Manifest | None) -> None:
        carried: Any = manifest.extras.get(EXTRA, {}) if manifest is not None else {}
        self._carried: dict[str, attributes.Packed] = dict(carried)
        self._open: list[tuple[Any, Callable[[], Any]]] = []

    def made(self, transport: Any, factory: Callable[[], Any]) -> None:
        """Know an endpoint whose protocol has got its transport; give the protocol what the last one had."""
        self._open = [*self._living(), (transport, factory)]
        plug = transport.get_extra_info("socket")
        packed = self._carried.pop(key_of(plug), None) if plug is not None else None
        if packed is not None:
            attributes.unpack(transport.get_protocol(), packed)

    def _living(self) -> Iterator[tuple[Any, Callable[[], Any]]]:
        return ((each, factory) for each, factory in self._open if not each.is_closing())

    def descriptors(self) -> list[int]:
        """Give the descriptors that loops receive on."""
        sockets = [each.get_extra_info("socket") for each, _ in self._living()]
        return [each.fileno() for each in sockets if each is not None]

    def carry(self) -> dict[str, attributes.Packed]:
        """Give the attributes of all protocols, by the address of each."""
        living = list(self._living())
        protocols = [each.get_protocol() for each, _ in living]
        shared = functools.cache(lambda: attributes.Shared(protocols))
        return {
            key_of(each.get_extra_info("socket")): attributes.pack(protocol, factory, shared)
            for (each, factory), protocol in zip(living, protocols, strict=True)
            if each.get_extra_info("socket") is not None
        }


class _Entry(asyncio.DatagramProtocol):
    """The first protocol of an endpoint: lets the app's own have its transport, and steps aside."""

    def __init__(self, datagrams: Datagrams, factory: Callable[[], Any]) -> None:
        self._datagrams = datagrams
        self._factory = factory
        self._protocol = factory()

    def connection_made(self, transport: Any) -> None:
        transport.set_protocol(self._protocol)
        self._protocol.connection_made(transport)
        self._datagrams.made(transport, self._factory)


def follow_datagrams(loop_class: Any, registry: Registry) -> None:
    """Let `loop_class` open datagram endpoints by way of `registry`, where it does so itself."""
    if "create_datagram_endpoint" not in defined_by(loop_class):
        return
    create = loop_class.create_datagram_endpoint
    binds_itself = not issubclass(loop_class, asyncio.BaseEventLoop)

    @functools.wraps(create)
    async def create_datagram_endpoint(
        self: Any,
        protocol_factory: Callable[[], Any],
        local_addr: Any = None,
        remote_addr: Any = None,
        **options: Any,
    ) -> Any:
        if binds_itself and isinstance(local_addr, tuple) and remote_addr is None:
            options = {"sock": await _bind(self, local_addr, **options)}
            local_addr = None
        entry = functools.partial(_Entry, registry.datagrams, protocol_factory)
        transport, _ = await create(self, entry, local_addr, remote_addr, **options)
        return transport, transport.get_protocol()

    loop_class.create_datagram_endpoint = create_datagram_endpoint


async def _bind(
    loop: Any,
    address: tuple[Any, ...],
    *,
    family: int = 0,
    proto: int = 0,
    flags: int = 0,
    reuse_port: bool | None = None,
    allow_broadcast: bool | None = None,
    **_: object,
) -> socket.socket:
    """Bind a datagram socket in Python, as asyncio does, for a loop that does it in C. Raises OSError."""
    host, port = address
    infos = await loop.getaddrinfo(
        host, port, family=family, type=socket.SOCK_DGRAM, proto=proto, flags=flags
    )
    faults = []
    for found, kind, protocol, _name, where in infos:
        plug = socket.socket(found, kind, protocol)
        try:
            if reuse_port:
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if allow_broadcast:
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            plug.setblocking(False)
            plug.bind(where)
        except OSError as fault:
            plug.close()
            faults.append(fault)
        else:
            return plug
    raise faults[0]
