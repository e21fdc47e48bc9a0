"""Connection objects of the app across execve: the WebSocket in a set, the writer in a dict come back as themselves.

A carried container names its connections by identity. Waking, each name becomes an object at once (a *shell*), and
when the connection is adopted that very object becomes the app's WebSocket, writer, transport or protocol.
"""

from __future__ import annotations

import asyncio
import weakref
from typing import TYPE_CHECKING, Any

from hotswap.wire.lines import Hole, Line

if TYPE_CHECKING:
    from hotswap.wire.connection import Connection
    from hotswap.wire.registry import Registry

Reference = tuple[str, int, int]
"""``(role, connection id, ordinal)``: the ordinal tells the WebSocket objects of one connection apart."""

ORDINAL = "_hotswap_ordinal"


class Lost:
    """Stands in a container for what could not be carried, until it is removed."""

    def __init__(self, what: str) -> None:
        self.what = what

    def swallow(self, *_: object) -> None:
        """Take what the object it stands for would have been given."""

    append = extend = add = __setitem__ = swallow


class Shells:
    """The objects that stand for one connection that is not adopted yet."""

    def __init__(self, identity: int, registry: Registry) -> None:
        self.id = identity
        self.memory: dict[Any, Any] = {}
        self._registry = registry
        self._websockets: dict[int, Any] = {}
        self._writer: Any = None
        self._reader: Any = None
        self._protocol: Any = None
        self._response: Any = None
        self.line: Line | None = None
        self._lists: list[tuple[Any, Any, int]] = []

    def held_by(self, container: Any, element: Any) -> None:
        """Remember a list that holds a shell, or an element equal to what the handler will make of it again."""
        self._lists.append((container, element, container.count(element)))

    @property
    def in_lists(self) -> bool:
        return bool(self._lists)

    def settle(self) -> None:
        """Take out again what a handler has appended anew on its way from the top: it was in the list all along."""
        for container, element, count in self._lists:
            for _ in range(container.count(element) - count):
                container.reverse()
                container.remove(element)
                container.reverse()

    def objects(self) -> list[Any]:
        """Give all that stands for the connection."""
        single = (self._writer, self._reader, self._protocol, self._response, self.line)
        return [*self._websockets.values(), *(each for each in single if each is not None)]

    def stand_for(self, role: str, ordinal: int, cls: Any) -> Any:
        """Give the object for a reference, made when first asked for."""
        if role == "websocket":
            if ordinal not in self._websockets:
                self._websockets[ordinal] = self._waiting_websocket(cls)
            return self._websockets[ordinal]
        if role == "response":
            from hotswap.wire.aiohttp_websockets import shell

            self._response = self._response or shell(cls, self._registry, self.id)
            return self._response
        if role == "writer":
            self._writer = self._writer or cls.__new__(cls)
            return self._writer
        if role == "reader":
            self._reader = self._reader or cls.__new__(cls)
            return self._reader
        if role == "transport":
            self.line = self.line or Line(None)
            return self.line
        self._protocol = self._protocol or cls.__new__(cls)
        return self._protocol

    def _waiting_websocket(self, cls: Any) -> Any:
        """Make a WebSocket whose messages wait until the connection is adopted and accepted."""
        from starlette.websockets import WebSocket, WebSocketState

        async def send(message: Any) -> None:
            connection = await self._registry.adopted_connection(self.id)
            if connection is None:
                raise OSError("the connection was lost in the exec reload")
            protocol = connection.protocol
            await protocol.opened()
            await protocol.send(message)

        async def receive() -> Any:
            raise RuntimeError("receive from this WebSocket in its own handler only")

        shell = object.__new__(cls)
        facts = {"hotswap": {"connection": self.id, "resumed": 1}}
        scope = {"type": "websocket", "path": "", "headers": [], "extensions": facts}
        WebSocket.__init__(shell, scope, receive, send)
        shell.client_state = shell.application_state = WebSocketState.CONNECTED
        return shell

    def websocket(self, cls: Any, ordinal: int) -> Any:
        """Give the shell that the app's next WebSocket object is to be, or None."""
        shell = self._websockets.get(ordinal)
        if shell is None or type(shell) is not cls:
            return None
        del self._websockets[ordinal]

        async def send(message: Any) -> None:
            """Wait while the handler has not accepted again: others may hold this object and speak."""
            connection = self._registry.by_id(self.id)
            if message["type"] == "websocket.send" and connection is not None:
                await connection.protocol.opened()
            shell.__dict__.pop("send", None)
            await cls.send(shell, message)

        shell.__dict__["send"] = send
        return shell

    def response(self, cls: Any) -> Any:
        """Give the shell that the WebSocket of aiohttp which a handler makes is to be, or None."""
        found, self._response = self._response, None
        return found if type(found) is cls else None

    def streams(self, protocol: Any, reader: Any, writer: Any) -> tuple[Any, Any]:
        """Put the content of a new reader and writer into their shells, where there are any."""
        if self._reader is not None:
            self._reader.__dict__.update(reader.__dict__)
            reader = self._reader
            protocol._stream_reader_wr = weakref.ref(reader)
            if getattr(protocol, "_strong_reader", None) is not None:
                protocol._strong_reader = reader
        if self._writer is not None:
            fresh, writer = writer, self._writer
            writer.__dict__.update(fresh.__dict__)
            fresh._transport = Hole(fresh.transport)
            fresh._transport.close()  # or its end as garbage would close the connection (StreamWriter.__del__)
            if getattr(protocol, "_stream_writer", None) is not None:  # until 3.12
                protocol._stream_writer = writer
            writer._reader = reader
        return reader, writer

    def protocol(self, fresh: Any) -> Any:
        """Put the content of a new protocol into its shell, where there is one of the same class."""
        shell = self._protocol
        if shell is None or type(shell) is not type(fresh) or not hasattr(fresh, "__dict__"):
            return fresh
        shell.__dict__.update(fresh.__dict__)
        return shell


def reference(thing: Any, registry: Registry) -> Reference | None:
    """Name a connection object; None when it belongs to no live connection."""
    connection = registry.find(thing)
    if connection is None or not connection.live:
        return None
    return (_role(thing, connection), connection.id, getattr(thing, ORDINAL, 0))


def _role(thing: Any, connection: Connection) -> str:
    if hasattr(thing, "scope"):
        return "websocket"
    if hasattr(thing, "ws_protocol"):
        return "response"
    if isinstance(thing, asyncio.StreamWriter):
        return "writer"
    if isinstance(thing, asyncio.StreamReader):
        return "reader"
    return "transport" if thing is connection.transport else "protocol"


def carried_types(registry: Registry) -> set[type]:
    """Give the classes whose instances may be connection objects: those a pickler must ask about."""
    import sys

    types: set[type] = {asyncio.StreamWriter, asyncio.StreamReader, Line}
    starlette = sys.modules.get("starlette.websockets")
    if starlette is not None:
        types |= _with_subclasses(starlette.WebSocket)
    aiohttp = sys.modules.get("aiohttp.web_ws")
    if aiohttp is not None:
        types |= _with_subclasses(aiohttp.WebSocketResponse)
    for connection, protocol, _ in registry.connections():
        types.add(type(connection.transport))
        types.add(type(protocol))
    return types


def _with_subclasses(cls: type) -> set[type]:
    found = {cls}
    each: type
    for each in cls.__subclasses__():
        found |= _with_subclasses(each)
    return found


def give_shells_back(websocket: Any, registry: Registry) -> None:
    """Let ``WebSocket(scope, ...)`` be the object that stood for this connection in a carried container.

    Only the same object of the same connection is given back, told apart by the order in which the app made them:
    a middleware's WebSocket never becomes the endpoint's.
    """

    def new(cls: Any, scope: Any = None, *_: Any, **__: Any) -> Any:
        facts = (scope.get("extensions") or {}).get("hotswap") if isinstance(scope, dict) else None
        if facts is None:
            return object.__new__(cls)
        ordinal = facts["made"] = facts.get("made", -1) + 1
        connection = registry.by_id(facts["connection"])
        shells = connection.shells if connection is not None else None
        made = shells.websocket(cls, ordinal) if shells is not None else None
        if made is None:
            made = object.__new__(cls)
        made.__dict__[ORDINAL] = ordinal
        return made

    websocket.__new__ = new
