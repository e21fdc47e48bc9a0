"""Listening sockets: whatever opens one through a loop gets the inherited socket of the same address back.

``start_server``, uvicorn, hypercorn and ``websockets.serve`` all end in ``loop.create_server`` or
``create_unix_server``. A listener is known by the address *as asked for*, so that port 0 and host names find theirs.
"""

from __future__ import annotations

import asyncio
import functools
import os
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, Sequence

    from hotswap.wire.registry import Registry


def raise_file_limit() -> None:
    """Lift the soft limit of open files to the hard one: a thousand would do for a thousand clients only."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = hard if hard != resource.RLIM_INFINITY else max(soft, 1 << 20)
    if soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (ValueError, OSError):  # macOS: no more than kern.maxfilesperproc
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(10240, wanted), hard))


class Several(asyncio.AbstractServer):
    """Several one-socket servers that were asked for in one call, as one."""

    def __init__(self, servers: Sequence[Any]) -> None:
        self._servers = servers

    @property
    def sockets(self) -> tuple[Any, ...]:
        return tuple(each for server in self._servers for each in server.sockets or ())

    def close(self) -> None:
        for server in self._servers:
            server.close()

    def close_clients(self) -> None:
        for server in self._servers:
            server.close_clients()

    def abort_clients(self) -> None:
        for server in self._servers:
            server.abort_clients()

    def get_loop(self) -> asyncio.AbstractEventLoop:
        loop: asyncio.AbstractEventLoop = self._servers[0].get_loop()
        return loop

    def is_serving(self) -> bool:
        return all(server.is_serving() for server in self._servers)

    async def start_serving(self) -> None:
        for server in self._servers:
            await server.start_serving()

    async def serve_forever(self) -> None:
        await asyncio.gather(*(server.serve_forever() for server in self._servers))

    async def wait_closed(self) -> None:
        await asyncio.gather(*(server.wait_closed() for server in self._servers))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
        await self.wait_closed()


class Elsewhere(Several):
    """Servers whose clients the keeper accepts: they hold the sockets, and must never accept themselves."""

    def __init__(self, servers: Sequence[Any], closed: Callable[[], object]) -> None:
        super().__init__(servers)
        self._closed = closed
        self._forever: asyncio.Future[None] | None = None

    def is_serving(self) -> bool:
        return bool(self.sockets)

    async def start_serving(self) -> None:
        """Do nothing: the keeper does it already."""

    async def serve_forever(self) -> None:
        self._forever = self.get_loop().create_future()
        try:
            await self._forever
        finally:
            self._forever = None
            self.close()

    def close(self) -> None:
        if self.sockets:
            self._closed()
        super().close()
        if self._forever is not None:
            self._forever.cancel()


_TCP_ONLY = ("family", "flags", "reuse_address", "reuse_port", "keep_alive")


def patch_loop(loop_class: Any, registry: Registry) -> None:
    """Let `loop_class` open listeners by way of `registry`, where it does so itself."""
    if "create_server" in defined_by(loop_class):
        _patch_tcp(loop_class, registry)
    if "create_unix_server" in defined_by(loop_class):
        _patch_unix(loop_class, registry)


def defined_by(loop_class: type) -> set[str]:
    """Give what a loop's class does itself; uvloop's Python class wraps one in C."""
    own = set(vars(loop_class))
    for base in loop_class.__bases__:
        if base.__module__.startswith("uvloop"):
            own |= set(vars(base))
    return own


def _patch_tcp(loop_class: Any, registry: Registry) -> None:
    create_server = loop_class.create_server

    @functools.wraps(create_server)
    async def serve(
        self: Any,
        protocol_factory: Callable[[], Any],
        host: Any = None,
        port: Any = None,
        **options: Any,
    ) -> Any:
        context = options.get("ssl")
        if context is not None and registry.keeping is not None and registry.keeping.serves(self):
            settings = registry.keeping.settings(context)
            if settings is not None:
                arguments = (protocol_factory, host, port, options, settings)
                return await _open_kept(self, registry, create_server, *arguments)
        given = options.pop("sock", None)
        if given is not None:
            key = registry.names.key("sock", *_address(given))
        else:
            hosts = host if isinstance(host, str) or host is None else ",".join(map(str, host))
            key = registry.names.key(
                "tcp", hosts, port or f"any port for {_maker(protocol_factory)}"
            )

        async def fresh(factory: Callable[[], Any]) -> Any:
            if given is not None:
                return await create_server(self, factory, sock=given, **options)
            return await create_server(self, factory, host, port, **options)

        def again(factory: Callable[[], Any], inherited: socket.socket) -> Awaitable[Any]:
            rest = {name: value for name, value in options.items() if name not in _TCP_ONLY}
            opened: Awaitable[Any] = create_server(self, factory, sock=inherited, **rest)
            return opened

        return await _open(self, registry, key, protocol_factory, fresh, again, given)

    loop_class.create_server = serve


def _patch_unix(loop_class: Any, registry: Registry) -> None:
    create_unix_server = loop_class.create_unix_server

    @functools.wraps(create_unix_server)
    async def serve_unix(
        self: Any, protocol_factory: Callable[[], Any], path: Any = None, **options: Any
    ) -> Any:
        given = options.pop("sock", None)
        address = _address(given) if given is not None else (os.fsdecode(path),)
        key = registry.names.key("unix", *address)

        async def fresh(factory: Callable[[], Any]) -> Any:
            if given is not None:
                return await create_unix_server(self, factory, sock=given, **options)
            return await create_unix_server(self, factory, path, **options)

        def again(factory: Callable[[], Any], inherited: socket.socket) -> Awaitable[Any]:
            opened: Awaitable[Any] = create_unix_server(self, factory, sock=inherited, **options)
            return opened

        return await _open(self, registry, key, protocol_factory, fresh, again, given)

    loop_class.create_unix_server = serve_unix


async def _open_kept(
    loop: asyncio.AbstractEventLoop,
    registry: Registry,
    create_server: Any,
    factory: Callable[[], Any],
    host: Any,
    port: Any,
    options: dict[str, Any],
    settings: dict[str, Any],
) -> Any:
    """Open a TLS listener that the keeper serves; the server object here holds the sockets and accepts nothing."""
    keeping = registry.keeping
    assert keeping is not None  # noqa: S101 - the caller has looked
    hosts = host if isinstance(host, str) or host is None else ",".join(map(str, host))
    key = registry.names.key("tls", hosts, port or f"any port for {_maker(factory)}")
    plain = {name: value for name, value in options.items() if not name.startswith("ssl")}
    plain["start_serving"] = False
    entry = registry.entry(factory, key)
    inherited = registry.arrivals.inherited(key)
    if inherited:
        registry.arrivals.keep("listener", len(inherited))
        held = await keeping.listen(key, (), settings)
        for each in held:
            each.close()
        if not held:  # the keeper has gone meanwhile
            await keeping.listen(key, inherited, settings)
    else:
        inherited = await keeping.listen(key, (), settings)  # a keeper that outlived a crash
    if inherited:
        rest = {name: value for name, value in plain.items() if name not in _TCP_ONLY}
        rest.pop("sock", None)
        for each in inherited:
            each.setblocking(False)
        servers = [await create_server(loop, entry, sock=each, **rest) for each in inherited]
    else:
        servers = [await create_server(loop, entry, host, port, **plain)]
        await keeping.listen(key, servers[0].sockets, settings)
    server = Elsewhere(servers, functools.partial(keeping.shut, key))
    registry.listening(key, server)
    await registry.adopt(loop, key, factory)
    keeping.take(key, factory)
    return server


async def _open(
    loop: asyncio.AbstractEventLoop,
    registry: Registry,
    key: str,
    factory: Callable[[], Any],
    fresh: Callable[[Callable[[], Any]], Awaitable[Any]],
    again: Callable[[Callable[[], Any], socket.socket], Awaitable[Any]],
    given: Any,
) -> Any:
    """Open the listener `key`: on what was inherited, or anew; then adopt its connections."""
    wrapped = registry.entry(factory, key)
    inherited = registry.arrivals.inherited(key)
    if inherited:
        registry.arrivals.keep("listener", len(inherited))
        if given is not None:
            given.close()
        for each in inherited:
            each.setblocking(False)
        servers = [await again(wrapped, each) for each in inherited]
        server = servers[0] if len(servers) == 1 else Several(servers)
    else:
        server = await fresh(wrapped)
    registry.listening(key, server)
    await registry.adopt(loop, key, factory)
    return server


def _maker(factory: Any) -> str:
    """Name who serves a listener of any free port: counting calls alone would mix them up when one goes."""
    cells = [cell.cell_contents for cell in getattr(factory, "__closure__", None) or ()]
    named = [each for each in cells if hasattr(each, "__qualname__")]
    if getattr(factory, "__module__", "") == "asyncio.streams" and named:
        factory = named[0]
    module = getattr(factory, "__module__", "")
    return f"{module}.{getattr(factory, '__qualname__', type(factory).__qualname__)}"


def _address(listening: socket.socket) -> tuple[object, ...]:
    """Give the bound address of a socket the program made itself."""
    name = listening.getsockname()
    return tuple(name[:2]) if isinstance(name, tuple) else (os.fsdecode(name),)
