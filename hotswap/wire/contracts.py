"""What the wire relies on in uvicorn, websockets, wsproto and asyncio beyond their documented interfaces.

Each name is checked when a kind of connection is first wanted. Where one is missing, uvicorn's own class serves
untouched: such connections are drained and closed with 1012 before an exec reload, never corrupted.
tests/handover/test_contracts.py names the attribute that a new release moved.
"""

from __future__ import annotations

import functools
import importlib.util
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hotswap.wire.registry import Registry

log = logging.getLogger("hotswap")

SANSIO = "uvicorn.protocols.websockets.websockets_sansio_impl:WebSocketsSansIOProtocol"
WSPROTO = "uvicorn.protocols.websockets.wsproto_impl:WSProtocol"
HTTPTOOLS = "uvicorn.protocols.http.httptools_impl:HttpToolsProtocol"
H11 = "uvicorn.protocols.http.h11_impl:H11Protocol"

_WEBSOCKET_METHODS = (
    "connection_made", "data_received", "handle_connect", "run_asgi", "send", "receive", "stop_keepalive",
)  # fmt: skip
_WEBSOCKET_STATE = (
    "transport", "queue", "read_paused", "handshake_complete", "close_sent", "disconnected", "conn", "scope",
    "logger", "connections",
)  # fmt: skip
_HTTP_METHODS = (
    "connection_made",
    "data_received",
    "on_response_complete",
    "timeout_keep_alive_handler",
)
_HTTP_STATE = (
    "transport", "flow", "cycle", "scope", "loop", "timeout_keep_alive", "timeout_keep_alive_task",
    "config", "server_state", "app_state", "connections", "tasks",
)  # fmt: skip
_CYCLE = (
    "transport",
    "response_started",
    "response_complete",
    "more_body",
    "waiting_for_100_continue",
    "disconnected",
    "scope",
    "logger",
)

AIOHTTP = "aiohttp.web_protocol:RequestHandler"
AIOHTTP_WS = "aiohttp.web_ws:WebSocketResponse"
SERVE = "websockets.asyncio.server:ServerConnection"

METHODS: dict[str, tuple[str, ...]] = {
    SANSIO: _WEBSOCKET_METHODS,
    WSPROTO: _WEBSOCKET_METHODS,
    HTTPTOOLS: (*_HTTP_METHODS, "on_message_complete"),
    H11: _HTTP_METHODS,
    AIOHTTP: ("connection_made", "data_received", "_handle_request"),
    "aiohttp.web_response:StreamResponse": ("prepare", "write"),
    AIOHTTP_WS: ("prepare", "receive", "can_prepare"),
    "aiohttp.web_ws:WebSocketDataQueue": ("feed_data",),
    "aiohttp.web_ws:WebSocketReader": ("feed_data",),
    "aiohttp.web_ws:WebSocketWriter": ("send_frame", "close"),
    SERVE: (
        "connection_made",
        "connection_lost",
        "data_received",
        "eof_received",
        "recv",
        "recv_streaming",
        "wait_closed",
        "send",
        "send_data",
    ),
    "websockets.asyncio.messages:Assembler": ("put",),
    "websockets.server:ServerProtocol": ("send_text", "send_binary", "send_continuation"),
    "wsproto.extensions:PerMessageDeflate": (
        "frame_inbound_payload_data",
        "frame_inbound_complete",
        "enabled",
    ),
    "uvicorn.protocols.http.httptools_impl:RequestResponseCycle": ("send", "run_asgi"),
    "uvicorn.protocols.http.h11_impl:RequestResponseCycle": ("send", "run_asgi"),
}
"""Methods that are overridden or called, by class."""

STATE: dict[str, tuple[str, ...]] = {
    SANSIO: _WEBSOCKET_STATE,
    WSPROTO: _WEBSOCKET_STATE,
    HTTPTOOLS: (*_HTTP_STATE, "pipeline"),
    H11: (*_HTTP_STATE, "conn"),
    "uvicorn.protocols.http.httptools_impl:RequestResponseCycle": _CYCLE,
    "uvicorn.protocols.http.h11_impl:RequestResponseCycle": _CYCLE,
    "uvicorn.protocols.http.flow_control:FlowControl": ("_transport", "read_paused"),
    "websockets.extensions.permessage_deflate:PerMessageDeflate": (
        "decoder", "decode_cont_data", "remote_no_context_takeover", "remote_max_window_bits",
    ),
    "websockets.protocol:Protocol": ("extensions",),
    "wsproto.extensions:PerMessageDeflate": ("_decompressor", "_inbound_compressed", "client_max_window_bits"),
    AIOHTTP: (
        "transport", "logger", "_request_count", "_messages", "_current_request", "_upgraded", "_task_handler",
        "_reading_paused", "_buffer_paused",
    ),
    "aiohttp.web_request:BaseRequest": ("_payload_writer", "_protocol", "content", "method", "path"),
    "aiohttp.http_writer:StreamWriter": ("output_size",),
    "aiohttp.web_response:StreamResponse": ("_req", "content_type"),
    AIOHTTP_WS: ("_waiting", "_closed", "_closing", "_reader", "_writer", "_parser", "_max_msg_size", "_req"),
    "aiohttp.web_ws:WebSocketDataQueue": ("_buffer",),
    "aiohttp.web_app:Application": ("_state",),
    "aiohttp.helpers:AppKey": ("_name",),
    "aiohttp.web_ws:WebSocketWriter": ("transport", "protocol"),
    SERVE: ("request", "recv_messages", "transport", "logger", "protocol", "server"),
    "websockets.asyncio.server:Server": ("handler_tasks", "server"),
    "websockets.asyncio.messages:Assembler": ("frames", "paused", "low", "pause", "resume"),
    "websockets.asyncio.messages:SimpleQueue": ("queue",),
    "asyncio.queues:Queue": ("_getters", "_queue"),
    "asyncio.streams:StreamReader": ("_buffer", "_waiter", "_paused", "_limit", "_eof", "_transport"),
    "asyncio.streams:StreamReaderProtocol": (
        "_stream_reader", "_stream_reader_wr", "_strong_reader", "_client_connected_cb", "_transport",
    ),
    "asyncio.streams:StreamWriter": ("_transport", "_reader"),
}  # fmt: skip
"""Instance attributes that are read or set, by class; found among the names the class's code speaks of."""

PRIVATE_METHODS: dict[str, tuple[str, ...]] = {
    "asyncio.streams:StreamReader": ("_wait_for_data", "feed_data")
}
"""Methods of asyncio that are overridden on an instance."""

_NEEDS: dict[str, tuple[str, ...]] = {
    "sansio": (
        SANSIO,
        "websockets.extensions.permessage_deflate:PerMessageDeflate",
        "websockets.protocol:Protocol",
        "asyncio.queues:Queue",
    ),
    "wsproto": (WSPROTO, "wsproto.extensions:PerMessageDeflate", "asyncio.queues:Queue"),
    "aiohttp": (
        AIOHTTP,
        "aiohttp.web_request:BaseRequest",
        "aiohttp.http_writer:StreamWriter",
        "aiohttp.web_response:StreamResponse",
    ),
    "aiohttp application": ("aiohttp.web_app:Application", "aiohttp.helpers:AppKey"),
    "aiohttp websocket": (
        AIOHTTP_WS,
        "aiohttp.web_ws:WebSocketDataQueue",
        "aiohttp.web_ws:WebSocketReader",
        "aiohttp.web_ws:WebSocketWriter",
    ),
    "serve": (
        SERVE,
        "websockets.asyncio.server:Server",
        "websockets.asyncio.messages:Assembler",
        "websockets.asyncio.messages:SimpleQueue",
        "websockets.server:ServerProtocol",
        "websockets.extensions.permessage_deflate:PerMessageDeflate",
        "websockets.protocol:Protocol",
    ),
    "httptools": (
        HTTPTOOLS,
        "uvicorn.protocols.http.httptools_impl:RequestResponseCycle",
        "uvicorn.protocols.http.flow_control:FlowControl",
    ),
    "h11": (
        H11,
        "uvicorn.protocols.http.h11_impl:RequestResponseCycle",
        "uvicorn.protocols.http.flow_control:FlowControl",
    ),
}


def load(name: str) -> Any:
    """Import ``module:Class``."""
    from importlib import import_module

    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


def missing(name: str) -> tuple[str, ...]:
    """Give what `name` (``module:Class``) no longer has of all that is relied on, as ``Class.attribute``."""
    cls = load(name)
    methods = (*METHODS.get(name, ()), *PRIVATE_METHODS.get(name, ()))
    gone = [attribute for attribute in methods if not callable(getattr(cls, attribute, None))]
    spoken = _names(cls)
    gone += [each for each in STATE.get(name, ()) if each not in spoken]
    return tuple(f"{cls.__qualname__}.{attribute}" for attribute in gone)


def _names(cls: type) -> set[str]:
    """Give all attribute names that the code of a class and its bases speaks of; no source is read."""
    names: set[str] = set(dir(cls))
    for owner in cls.__mro__:
        for member in vars(owner).values():
            function = getattr(member, "fget", None) or getattr(member, "__func__", member)
            code = getattr(function, "__code__", None)
            if code is not None:
                names.update(code.co_names)
    return names


@functools.cache
def _usable(kind: str) -> str:
    """Say what keeps this kind of connection from being carried; an empty string when nothing does."""
    try:
        gone = [attribute for name in _NEEDS[kind] for attribute in missing(name)]
    except (ImportError, AttributeError, OSError, TypeError) as error:
        return str(error)
    return ", ".join(gone)


def usable(kind: str) -> bool:
    """Say whether this kind of connection can be carried; where not, it is said why."""
    problem = _usable(kind)
    if problem:
        log.warning(
            "%s connections cannot be carried over an exec reload: this release lacks %s; they will be closed "
            "with 1012 instead",
            kind,
            problem,
        )
    return not problem


def tracked(name: str, registry: Registry) -> Any:
    """Give the protocol class for an entry of uvicorn's tables: ``http_auto``, ``ws_wsproto``, ..."""
    from hotswap.wire import http, websockets, wsproto

    makers = {
        "sansio": (websockets.sansio, SANSIO),
        "wsproto": (wsproto.tracked, WSPROTO),
        "httptools": (http.httptools, HTTPTOOLS),
        "h11": (http.h11, H11),
    }
    kind = _chosen(name)
    if kind is None:
        return None
    make, plain = makers[kind]
    if not usable(kind):
        return load(plain)
    return _made(kind, make, registry)


_classes: dict[tuple[str, int], Any] = {}


def _made(kind: str, make: Any, registry: Registry) -> Any:
    """Make each tracked class once for a registry."""
    key = (kind, id(registry))
    if key not in _classes:
        _classes[key] = make(registry)
    return _classes[key]


def _chosen(name: str) -> str | None:
    """Choose as uvicorn's own ``auto`` does; the legacy websockets implementation gives way to the sans-I/O one."""
    if name == "http_auto":
        return "httptools" if importlib.util.find_spec("httptools") else "h11"
    if name == "ws_auto":
        if importlib.util.find_spec("websockets"):
            return "sansio"
        return "wsproto" if importlib.util.find_spec("wsproto") else None
    return {
        "http_httptools": "httptools",
        "http_h11": "h11",
        "ws_websockets": "sansio",
        "ws_websockets_sansio": "sansio",
        "ws_wsproto": "wsproto",
    }[name]
