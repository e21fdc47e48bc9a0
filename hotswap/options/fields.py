"""The one list of what can be set: the fields of `Options`; and what uvicorn has besides."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


def _option(
    default: Any,
    help: str,  # noqa: A002 -- argparse's word
    *,
    group: str = "report",
    kind: str = "str",
    choices: tuple[str, ...] = (),
    metavar: str = "",
    variable: str = "",
    off: str = "",
    hidden: bool = False,
) -> Any:
    facts = {
        "help": help,
        "group": group,
        "kind": kind,
        "choices": choices,
        "metavar": metavar,
        "variable": variable,
        "off": off,
        "hidden": hidden,
    }
    if kind == "table":
        return field(default_factory=dict, metadata=facts)
    return field(default=default, metadata=facts)


def _server(default: Any, help: str, **facts: Any) -> Any:  # noqa: A002
    """Describe an option that uvicorn has under the same name and with the same default."""
    return _option(default, help, group="server", **facts)


def _tls(default: Any, help: str, **facts: Any) -> Any:  # noqa: A002
    return _option(default, help, group="tls", **facts)


def _changes(default: Any, help: str, **facts: Any) -> Any:  # noqa: A002
    return _option(default, help, group="changes", **facts)


def _pages(default: Any, help: str, **facts: Any) -> Any:  # noqa: A002
    return _option(default, help, group="browser", **facts)


@dataclass(frozen=True, slots=True)
class Options:
    """Everything that can be set. Names are those of the flags, with underscores."""

    app: str = _option("", "the target when none is given on the command line", hidden=True)

    host: str = _server("127.0.0.1", "bind to this address", metavar="ADDRESS")
    port: int = _server(8000, "bind to this port; 0 picks a free one", kind="int", variable="PORT")
    uds: str | None = _server(None, "bind to this Unix socket instead", metavar="PATH")
    fd: int | None = _server(None, "serve the socket that stands at this descriptor", kind="int")
    factory: bool = _server(
        False, "TARGET names a function that makes the app (found by itself, too)", kind="bool"
    )
    app_dir: str = _server("", "import TARGET from this directory", metavar="DIR")
    env_file: str | None = _server(
        None, "load this .env file, and follow it when it is saved", metavar="FILE"
    )
    loop: str = _server("auto", "event loop: auto, asyncio, uvloop or module:factory")
    root_path: str = _server("", "ASGI root_path, for an app behind a path prefix", metavar="PATH")
    lifespan: str = _server("auto", "run the app's lifespan", choices=("auto", "on", "off"))
    interface: str = _server(
        "auto", "the app's interface", choices=("auto", "asgi3", "asgi2", "wsgi"), hidden=True
    )
    log_level: str | None = _server(
        None,
        "uvicorn's log level",
        choices=("critical", "error", "warning", "info", "debug", "trace"),
    )
    log_config: str | None = _server(None, "logging configuration file", metavar="FILE")
    access_log: bool = _server(True, "log each request", kind="bool")
    proxy_headers: bool = _server(
        True,
        "trust X-Forwarded-* of the addresses in --forwarded-allow-ips",
        off="trust no X-Forwarded-* header",
        kind="bool",
    )
    forwarded_allow_ips: str | None = _server(
        None, "addresses whose X-Forwarded-* are trusted", metavar="LIST"
    )

    ssl_certfile: str | None = _tls(None, "serve TLS with this certificate", metavar="FILE")
    ssl_keyfile: str | None = _tls(None, "the certificate's key", metavar="FILE")
    ssl_keyfile_password: str | None = _tls(None, "the key's password", metavar="TEXT")
    ssl_ca_certs: str | None = _tls(None, "certificates of the authorities", metavar="FILE")
    tls_keeper: bool = _tls(
        True,
        "keep TLS connections over an exec reload, in a process of their own",
        off="terminate TLS in this process; an exec reload closes such connections",
        kind="bool",
    )

    watch: bool = _changes(
        True, "watch files", off="swap only when asked to: --ask-reload, r + enter", kind="bool"
    )
    reload_dir: tuple[str, ...] = _changes(
        (), "track modules below this directory, too", kind="list", metavar="DIR"
    )
    reload_include: tuple[str, ...] = _changes(
        (), "watch files that match, too", kind="list", metavar="GLOB"
    )
    reload_exclude: tuple[str, ...] = _changes(
        (), "never watch files that match (wins over include)", kind="list", metavar="GLOB"
    )
    poll: float | None = _changes(
        None, "look for changes every so many seconds, 0.5 when none are given", kind="seconds"
    )
    exec: str = _changes(
        "auto",
        "when only a fresh interpreter can take a change: reload, wait for `r`, or never",
        choices=("auto", "ask", "never"),
    )
    pin: tuple[str, ...] = _changes(
        (), "never run this module's statements again", kind="list", metavar="MODULE"
    )
    live_loops: bool = _changes(
        True,
        "let running coroutines, generators and loops take new bodies",
        off="leave running coroutines, generators and loops as they are",
        kind="bool",
    )
    reenter: str = _changes(
        "when needed",
        "enter a connection's handler again when its running frame cannot take the edit",
        choices=("when needed", "never"),
    )

    browser: bool = _pages(
        True,
        "keep open pages up to date",
        off="leave pages alone: no development channel, no overlay",
        kind="bool",
    )
    on_patch: str = _pages(
        "morph",
        "what open pages do after new Python",
        choices=("morph", "reload", "none"),
    )
    reconnect_websockets: bool = _pages(
        True,
        "let the page's own WebSockets reconnect when they are lost",
        off="leave the page's own WebSockets as the browser has them",
        kind="bool",
    )
    open: bool = _pages(False, "open the browser once the app serves", kind="bool")
    editor: str = _pages(
        "vscode://file/{file}:{line}:{col}",
        "link behind file names in the overlay",
        metavar="TEMPLATE",
    )
    cache: tuple[str, ...] = _pages(
        ("/", "/static/"),
        "URL paths answered with no-store; with a slash at the end, all below",
        kind="list",
        metavar="PATH",
    )
    allow_remote: bool = _pages(
        False, "allow the development features on an address that others can reach", kind="bool"
    )
    allowed_hosts: tuple[str, ...] = _pages(
        (), "host names by which the development features may be reached", kind="list"
    )
    migrations: str = _changes(
        "",
        "apply new SQL files to a SQLite file on save: DATABASE=GLOB; or an alembic.ini",
        metavar="DB=GLOB",
    )

    clear: bool = _option(False, "clear the screen before each report", kind="bool")
    json: bool = _option(False, "report one JSON object a line on stdout", kind="bool")
    verbosity: int = _option(0, "-1 quiet, 1 verbose, 2 very", kind="int", hidden=True)

    uvicorn: Mapping[str, Any] = _option(
        {}, "any other argument of uvicorn.Config", kind="table", hidden=True
    )

    root: str = _option("", "the project's directory", hidden=True)
    flags: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What the command line gave: it still wins when the file is read again."""


FIELDS: Final = {one.name: one for one in dataclasses.fields(Options) if one.metadata}
SETTABLE: Final = tuple(name for name in FIELDS if name != "root")
"""What users set. ``root`` is found: the directory of the nearest pyproject.toml, else the working directory."""

ACCEPTED: Final[Mapping[str, str]] = {
    "reload": "bool",
    "reload_delay": "float",
    "workers": "workers",
    "use_colors": "bool",
}
"""uvicorn's own that mean nothing here, or are checked only; accepted so that its command lines work unchanged."""

FURTHER: Final[Mapping[str, str]] = {
    "backlog": "int",
    "date_header": "bool",
    "h11_max_incomplete_event_size": "int",
    "header": "list",
    "http": "str",
    "http2": "bool",
    "limit_concurrency": "int",
    "limit_max_requests": "int",
    "limit_max_requests_jitter": "int",
    "reset_contextvars": "bool",
    "server_header": "bool",
    "ssl_cert_reqs": "int",
    "ssl_ciphers": "str",
    "ssl_version": "int",
    "timeout_graceful_shutdown": "int",
    "timeout_keep_alive": "int",
    "timeout_worker_healthcheck": "int",
    "ws": "str",
    "ws_max_queue": "int",
    "ws_max_size": "int",
    "ws_per_message_deflate": "bool",
    "ws_ping_interval": "float",
    "ws_ping_timeout": "float",
}
"""uvicorn's other flags and their kinds (uvicorn 0.54, main.py); they land in `Options.uvicorn`."""
