"""uvicorn in this process: started without its supervisor, waited for without its tick, stopped at once.

Differences to ``uvicorn.Server``, each with its reason:

* no 0.1 s tick: the ``date`` header is made when a request asks for it, and the end is an event;
* stopping cuts what would never end by itself (WebSockets with 1012, event streams) instead of waiting for a second
  Ctrl+C (Kludex/uvicorn#2943);
* a failed start is an exception that carries a fault, not an exit from within;
* signals belong to the session.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Final

from uvicorn.config import Config
from uvicorn.server import Server, ServerState

from hotswap.options import FURTHER, UsageError, suggest
from hotswap.ports import BindError, check, check_descriptor, check_path
from hotswap.source.model import Fault
from hotswap.tracebacks import fault_of

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from hotswap.options import Options

log = logging.getLogger("hotswap.server")

GRACE: Final = 0.5
"""Seconds that answers under way get at the end; uvicorn's --timeout-graceful-shutdown overrides it."""
LAST: Final = 5.0
"""Seconds that the app's lifespan shutdown may take before it is cancelled, and named."""
DISCONNECTED: Final = frozenset({"ClientDisconnected", "ClientDisconnect", "WebSocketDisconnect"})
"""What handlers raise that do not expect their connection to end: no news when the server itself ends."""
START_LINES: Final = (
    "Started server process",
    "Waiting for application startup",
    "Application startup complete",
    "Uvicorn running on",
    "ASGI 'lifespan' protocol appears unsupported",
    "Shutting down",
    "Waiting for application shutdown",
    "Application shutdown complete",
    "Finished server process",
    "Waiting for connections to close",
    "Waiting for background tasks to complete",
)


class StartFailed(Exception):
    """The app's lifespan refused to start."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class Clockless(ServerState):
    """uvicorn's shared state, whose default headers are renewed when they are asked for."""

    def __init__(self, encoded: list[tuple[bytes, bytes]], *, dated: bool) -> None:
        self._encoded = encoded
        self._dated = dated
        self._second = -1
        self._headers: list[tuple[bytes, bytes]] = []
        super().__init__()

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """The ``date`` of this second and uvicorn's own headers; a new list whenever it changes, as uvicorn does it."""
        if not self._dated:
            return self._encoded
        second = int(time.time())
        if second != self._second:
            self._second = second
            date = formatdate(second, usegmt=True).encode()
            self._headers = [(b"date", date), *self._encoded]
        return self._headers

    @default_headers.setter
    def default_headers(self, value: object) -> None:
        """Ignore uvicorn's own assignments: the value is made on demand."""


class Serving(Server):
    """One life of the server: start, wait, stop. Its loop and its signals belong to the session."""

    def __init__(self, config: Config, *, quiet: bool) -> None:
        super().__init__(config)
        self._quiet = quiet
        self.close_all: Callable[[], None] | None = None
        """Closes connections that uvicorn does not know (the wire's registry); set by the session."""

    async def start(self, sockets: list[socket.socket] | None = None) -> None:
        """Run the app's start-up, bind, and accept connections.

        Args:
            sockets: Serve on these, which listen already, instead of binding an address.

        Raises:
            StartFailed: The lifespan refused.
            BindError: The address cannot be bound.
            UsageError: The certificate or its key cannot be used.
        """
        if not self.config.loaded:
            self._load()
        self.lifespan = self.config.lifespan_class(self.config)
        self.server_state = Clockless(
            self.config.encoded_headers, dated=bool(self.config.date_header)
        )
        refused: list[OSError] = []
        told: list[logging.LogRecord] = []
        with _listening(refused, told, quiet=self._quiet):
            try:
                await self.startup(sockets)
            except OSError as error:  # of --uds and --fd; a failed port exits
                raise BindError.of(self.config, error) from None
            except SystemExit:
                if refused:
                    raise BindError.of(self.config, refused[0]) from None
                raise StartFailed(_startup_fault(told)) from None

    def _load(self) -> None:
        try:
            self.config.load()
        except OSError as error:  # ssl.SSLError is one, and names no file
            if not self.config.ssl_certfile:
                raise
            why = error.strerror or str(error)
            files = f"--ssl-certfile {self.config.ssl_certfile}"
            if self.config.ssl_keyfile:
                files += f" --ssl-keyfile {self.config.ssl_keyfile}"
            raise UsageError(f"{files}: {why[:1].lower()}{why[1:]}") from None

    async def wait(self, stop: asyncio.Event) -> None:
        """Wait until `stop` is set; ticks only for what uvicorn counts by ticks."""
        if self.config.callback_notify is None and self.config.limit_max_requests is None:
            await stop.wait()
        counter = 0
        while not stop.is_set() and not await self.on_tick(counter):
            counter = (counter + 1) % 864000
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.1)

    async def end(self) -> None:
        """Stop serving: refuse, cut, give short answers a moment, run the app's shutdown."""
        with _hushed(quiet=self._quiet):
            await self._let_go()
        await self.close_app()

    async def close_app(self) -> None:
        """Run the lifespan's shutdown; one that hangs is cancelled after `LAST` seconds and named."""
        with _hushed(quiet=self._quiet):
            shutdown = asyncio.ensure_future(self.lifespan.shutdown())
            done, _ = await asyncio.wait({shutdown}, timeout=LAST)
            if not done:
                log.warning("the app's shutdown did not end in %g s and was cancelled", LAST)
                shutdown.cancel()
            await asyncio.gather(shutdown, return_exceptions=True)

    async def open_app(self) -> None:
        """Run the lifespan's start-up again, after an exec that did not happen.

        Raises:
            StartFailed: It refused.
        """
        told: list[logging.LogRecord] = []
        with _listening([], told, quiet=True):
            self.lifespan = self.config.lifespan_class(self.config)
            await self.lifespan.startup()
        if self.lifespan.should_exit:
            raise StartFailed(_startup_fault(told))

    @property
    def app_started(self) -> bool:
        """Whether the app has a lifespan, and its start-up ran: an app without one raises when it is asked."""
        return getattr(getattr(self, "lifespan", None), "error_occured", True) is False

    def urls(self) -> list[str]:
        """Give the addresses the server listens on, as URLs."""
        config = self.config
        scheme = "https" if config.is_ssl else "http"
        if config.uds is not None:
            return [f"unix:{os.path.abspath(config.uds)}"]
        found: list[str] = []
        for server in self.servers:
            for sock in server.sockets:
                address = sock.getsockname()
                if not isinstance(address, tuple):
                    found.append(f"unix:{address}")
                    continue
                host, port = str(address[0]), int(address[1])
                host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- shown
                shown = f"[{host}]" if ":" in host else host
                found.append(f"{scheme}://{shown}:{port}")
        return list(dict.fromkeys(found))

    async def _let_go(self) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            if _is_stream(connection):
                connection.transport.close()
            else:
                connection.shutdown()
        if self.close_all is not None:
            self.close_all()
        grace = self.config.timeout_graceful_shutdown
        tasks = set(self.server_state.tasks)
        if tasks:
            _, slow = await asyncio.wait(tasks, timeout=GRACE if grace is None else grace)
            for task in slow:
                task.cancel("the server stops")
            if slow:
                await asyncio.wait(slow, timeout=GRACE)
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def configure(options: Options, app: Any, *, wsgi: bool = False) -> Config:
    """Make uvicorn's Config of ours.

    Raises:
        UsageError: ``uvicorn = {...}`` names an argument that this release of uvicorn does not have.
    """
    import inspect

    further = dict(options.uvicorn)
    headers = further.pop("header", None)
    if headers is not None:
        pairs = [one.partition(":")[::2] for one in headers]
        further["headers"] = [(name.strip(), value.strip()) for name, value in pairs]
    known = inspect.signature(Config.__init__).parameters
    for name in further:
        if name not in known or name in {"self", "app", "reload", "workers"}:
            wrote = "--" + name.replace("_", "-") if name in FURTHER else f"uvicorn = {{ {name} }}"
            raise UsageError(f"{wrote}: this uvicorn has no such argument{suggest(name, known)}")
    given: dict[str, Any] = {
        "host": options.host,
        "port": options.port,
        "uds": options.uds,
        "fd": options.fd,
        "loop": options.loop,
        "lifespan": options.lifespan,
        "interface": "wsgi" if wsgi else options.interface,
        "root_path": options.root_path,
        "access_log": options.access_log,
        "proxy_headers": options.proxy_headers,
        "forwarded_allow_ips": options.forwarded_allow_ips,
        "ssl_certfile": options.ssl_certfile,
        "ssl_keyfile": options.ssl_keyfile,
        "ssl_keyfile_password": options.ssl_keyfile_password,
        "ssl_ca_certs": options.ssl_ca_certs,
        "log_level": options.log_level,
    }
    log_config = options.log_config or (_on_stderr() if options.json else None)
    if log_config is not None:
        given["log_config"] = log_config
    return Config(app, **{**given, **further})


def loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Give what makes the event loop, as uvicorn chooses it; None is asyncio's own way.

    Raises:
        UsageError: The loop is unknown or not installed.
    """
    if name == "auto":
        try:
            import uvloop
        except ImportError:
            return None
        made: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
        return made
    if name in {"asyncio", "none"}:
        return None
    from uvicorn.config import LOOP_FACTORIES
    from uvicorn.importer import ImportFromStringError, import_from_string

    try:
        if name in LOOP_FACTORIES:
            factory = import_from_string(LOOP_FACTORIES[name])
            chosen: Callable[[], asyncio.AbstractEventLoop] = factory(use_subprocess=False)
            return chosen
        own: Callable[[], asyncio.AbstractEventLoop] = import_from_string(name)
    except ImportFromStringError:
        known = ["auto", "asyncio", "uvloop"]
        raise UsageError(f"--loop {name}: no such event loop{suggest(name, known)}") from None
    except ImportError as error:
        raise UsageError(f"--loop {name}: {error.name} is not installed") from None
    return own


def ensure_free(options: Options) -> None:
    """Find out before the app is imported whether the address can be bound.

    Raises:
        BindError: Another process has it, or it is not ours to take.
    """
    if options.uds is not None:
        check_path(options.uds)
    elif options.fd is not None:
        check_descriptor(options.fd)
    elif options.port:
        check(options.host, options.port)


def _is_stream(connection: Any) -> bool:
    """Say whether an HTTP connection is in the middle of an answer of unknown length, an event stream say."""
    cycle = getattr(connection, "cycle", None)
    if cycle is None or not getattr(cycle, "response_started", False):
        return False
    if getattr(cycle, "response_complete", True):
        return False
    return getattr(cycle, "chunked_encoding", True) is not False


@contextlib.contextmanager
def _sifted(sift: Callable[[logging.LogRecord], bool]) -> Iterator[None]:
    """Put a filter on uvicorn's log for a while."""
    logger = logging.getLogger("uvicorn.error")
    logger.addFilter(sift)
    try:
        yield
    finally:
        logger.removeFilter(sift)


def _listening(
    refused: list[OSError], told: list[logging.LogRecord], *, quiet: bool
) -> AbstractContextManager[None]:
    """While uvicorn starts: gather what it logs of a failed bind and of a failing app."""

    def sift(record: logging.LogRecord) -> bool:
        if isinstance(record.msg, OSError):  # uvicorn logs the failed bind this way, then exits
            refused.append(record.msg)
            return False
        if record.levelno >= logging.ERROR:
            told.append(record)
            return False
        return not (quiet and _is_routine(record))

    return _sifted(sift)


def _hushed(*, quiet: bool) -> AbstractContextManager[None]:
    """While uvicorn stops: drop the lines that ours replace, and reports of handlers that we cancelled."""

    def sift(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, asyncio.CancelledError) or type(error).__name__ in DISCONNECTED:
            return False
        return not (quiet and _is_routine(record))

    return _sifted(sift)


def hush_adoption() -> Callable[[], None]:
    """From now on drop uvicorn's line for each WebSocket that comes up again; give what ends that."""
    logger = logging.getLogger("uvicorn.error")

    def sift(record: logging.LogRecord) -> bool:
        return record.msg != "connection open"

    logger.addFilter(sift)
    return lambda: logger.removeFilter(sift)


def _is_routine(record: logging.LogRecord) -> bool:
    return record.levelno <= logging.INFO and str(record.msg).startswith(START_LINES)


def _startup_fault(told: list[logging.LogRecord]) -> Fault:
    """Describe why the lifespan refused, from what uvicorn logged of it."""
    title = "the app's start-up failed"
    for record in told:
        if record.exc_info and record.exc_info[1] is not None:
            return fault_of(record.exc_info[1], code="HS603", title=title)
    said = [record.getMessage() for record in told]
    text = said[0] if said else "the lifespan gave no reason"
    lines = text.strip().splitlines()
    return Fault(code="HS603", title=title, message=lines[-1] if lines else text, text="")


def _on_stderr() -> dict[str, Any]:
    """Give uvicorn's logging configuration with the access log off stdout, which belongs to the JSON lines."""
    from copy import deepcopy

    from uvicorn.config import LOGGING_CONFIG

    config = deepcopy(LOGGING_CONFIG)
    config["handlers"]["access"]["stream"] = "ext://sys.stderr"
    return config
