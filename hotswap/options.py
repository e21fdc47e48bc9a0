"""Options: defaults < ``[tool.hotswap]`` of the nearest pyproject.toml < environment < flags.

The fields of `Options` are the one list of what can be set: the command line, the environment variables and the
table in pyproject.toml are all read through it. An unknown name is an error that suggests the nearest one.
"""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

PREFIX: Final = "HOTSWAP_"
UVICORN_PREFIX: Final = "UVICORN_"
INTERNAL: Final = frozenset({"CARRIED_FD", "PREFLIGHT", "CRASHES"})
"""Variables under our prefix that are no options: an image leaves them for the next one, or for its child."""
RESERVED: Final = ("TEST_", "CARRIED", "PREFLIGHT")


class UsageError(Exception):
    """An option is unknown, has a wrong value, or the target cannot be told; the command ends with exit code 2."""


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
        "", "apply new SQL files to a SQLite file on save: DATABASE=GLOB", metavar="DB=GLOB"
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

TRUE: Final = frozenset({"1", "true", "yes", "on"})
FALSE: Final = frozenset({"0", "false", "no", "off", ""})


def load(
    flags: Mapping[str, Any],
    *,
    environ: Mapping[str, str] | None = None,
    start: str | None = None,
) -> Options:
    """Merge the four sources.

    Args:
        flags: What was given on the command line, by field name; values of the fields' types.
        environ: The environment; the process's own by default.
        start: Directory from which pyproject.toml is searched upwards; the working directory by default.

    Raises:
        UsageError: A name is unknown or a value does not fit; the message names the source and what would fit.
    """
    environ = os.environ if environ is None else environ
    start = os.getcwd() if start is None else start
    path, table = project_table(start)
    root = os.path.dirname(path) if path else os.path.abspath(start)
    values: dict[str, Any] = {"root": root}
    uvicorn: dict[str, Any] = {}
    for source in (
        _from_table(table, path, root),
        _from_environment(environ),
        _checked_flags(flags),
    ):
        uvicorn.update(source.pop("uvicorn", {}))
        values.update(source)
    return Options(**values, uvicorn=uvicorn, flags=dict(flags))


def project_table(start: str) -> tuple[str, Mapping[str, Any]]:
    """Give the path of the nearest pyproject.toml at or above `start`, and its ``[tool.hotswap]``; ``("", {})``.

    Raises:
        UsageError: The file is no TOML, cannot be read, or the table is none.
    """
    folder = os.path.abspath(start)
    while not os.path.isfile(os.path.join(folder, "pyproject.toml")):
        above = os.path.dirname(folder)
        if above == folder:
            return "", {}
        folder = above
    path = os.path.join(folder, "pyproject.toml")
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    if b"hotswap" not in data:  # tomllib costs 14 ms, and most projects set nothing
        return path, {}
    import tomllib

    try:
        table = tomllib.loads(data.decode()).get("tool", {}).get("hotswap", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid TOML: {error}") from None
    if not isinstance(table, dict):
        raise UsageError(f"[tool.hotswap] in {path} must be a table")
    return path, table


def suggest(name: str, known: Iterable[str]) -> str:
    """Give ``: did you mean 'port'?``, or ``""`` when nothing is near."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f": did you mean {near[0]!r}?" if near else ""


def from_text(name: str, kind: str, text: str, where: str) -> Any:
    """Read a value that was given as text, in a flag or a variable.

    Raises:
        UsageError: It cannot be read as `kind`.
    """
    lowered = text.strip().lower()
    if kind == "bool":
        if lowered in TRUE or lowered in FALSE:
            return lowered in TRUE
        raise UsageError(f"{where}: {name} is yes or no, not {text!r}")
    if kind == "list":
        return tuple(part for part in (part.strip() for part in text.split(",")) if part)
    if kind == "seconds" and lowered in TRUE:
        return POLL
    if kind == "seconds" and lowered in FALSE:
        return None
    reader: Callable[[str], Any] = {"int": int, "float": float, "seconds": float}.get(kind, str)
    try:
        return reader(text)
    except ValueError:
        raise UsageError(f"{where}: {name} must be a number, not {text!r}") from None


HIGHEST_PORT: Final = 65535

POLL: Final = 0.5
"""Seconds between two looks when polling was asked for without saying how often."""


def _fits(name: str, value: Any, where: str) -> Any:
    """Check a value against its field; lists become tuples.

    Raises:
        UsageError: It does not fit.
    """
    facts = FIELDS[name].metadata
    kind = facts["kind"]
    if kind == "table":
        if not isinstance(value, dict):
            raise UsageError(f"{where}: {name} must be a table")
        return value
    if kind == "list":
        items = (value,) if isinstance(value, str) else value
        if not isinstance(items, list | tuple) or not all(isinstance(one, str) for one in items):
            raise UsageError(f"{where}: {name} must be a list of strings")
        return tuple(items)
    if kind == "seconds" and isinstance(value, bool):
        return POLL if value else None
    accepted: dict[str, Any] = {
        "int": int,
        "float": (int, float),
        "seconds": (int, float),
        "bool": bool,
    }
    wanted = accepted.get(kind, str)
    optional = FIELDS[name].default is None and value is None
    if not optional and (not isinstance(value, wanted) or (kind == "int" and value is True)):
        words = {"int": "a whole number", "bool": "true or false", "str": "a string"}
        raise UsageError(f"{where}: {name} must be {words.get(kind, 'a number')}, not {value!r}")
    if name == "port" and not 0 <= value <= HIGHEST_PORT:
        raise UsageError(f"{where}: port is between 0 and {HIGHEST_PORT}, not {value}")
    if facts["choices"] and value is not None and value not in facts["choices"]:
        listed = ", ".join(facts["choices"])
        near = suggest(str(value), facts["choices"])
        raise UsageError(f"{where}: {name} is one of {listed}, not {value!r}{near}")
    return value


def _from_table(table: Mapping[str, Any], path: str, root: str) -> dict[str, Any]:
    """Read ``[tool.hotswap]``; keys may be written with dashes; relative paths are relative to the file."""
    where = f"[tool.hotswap] in {path}"
    found: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        if name in ACCEPTED:
            _one_process(name, value)
            continue
        if name in FURTHER and name not in FIELDS:
            raise UsageError(f"{where}: write uvicorn = {{ {name} = ... }} for uvicorn's own {key}")
        if name not in SETTABLE:
            near = suggest(name, SETTABLE)
            raise UsageError(f"unknown key {key!r} in {where}{near}")
        found[name] = _fits(name, value, where)
    for name in ("app_dir", "env_file", "log_config", "ssl_certfile", "ssl_keyfile"):
        if found.get(name):
            found[name] = os.path.join(root, found[name])
    if "reload_dir" in found:
        found["reload_dir"] = tuple(os.path.join(root, one) for one in found["reload_dir"])
    if "app" in found:
        found.setdefault("app_dir", root)
    return found


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """Read ``HOTSWAP_*``; below them ``PORT``, and what ``UVICORN_*`` says of uvicorn's own options."""
    found: dict[str, Any] = {}
    uvicorn: dict[str, Any] = {}
    for variable, text in environ.items():
        if not variable.startswith(UVICORN_PREFIX):
            continue
        name = _uvicorn_name(variable[len(UVICORN_PREFIX) :].lower())
        facts = FIELDS[name].metadata if name in FIELDS else None
        if facts is not None and facts["group"] in ("server", "tls"):
            found[name] = _fits(name, from_text(name, facts["kind"], text, variable), variable)
        elif name in FURTHER:
            uvicorn[name] = from_text(name, FURTHER[name], text, variable)
    for name, one in FIELDS.items():
        variable = one.metadata["variable"]
        if variable and environ.get(variable):
            text = environ[variable]
            found[name] = _fits(
                name, from_text(name, one.metadata["kind"], text, variable), variable
            )
    for variable, text in environ.items():
        if not variable.startswith(PREFIX):
            continue
        rest = variable[len(PREFIX) :]
        name = rest.lower()
        if rest in INTERNAL or rest.startswith(RESERVED):
            continue
        if name not in SETTABLE or FIELDS[name].metadata["kind"] == "table":
            near = suggest(variable, [PREFIX + one.upper() for one in SETTABLE])
            raise UsageError(f"unknown variable {variable}{near}")
        found[name] = _fits(
            name, from_text(name, FIELDS[name].metadata["kind"], text, variable), variable
        )
    found["uvicorn"] = uvicorn
    return found


def _uvicorn_name(name: str) -> str:
    """uvicorn calls some by the plural in its own code and by the singular on its command line."""
    return {"headers": "header", "reload_dirs": "reload_dir"}.get(name, name)


def _checked_flags(flags: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    uvicorn: dict[str, Any] = dict(flags.get("uvicorn", {}))
    for name, value in flags.items():
        where = "--" + name.replace("_", "-")
        if name == "uvicorn":
            continue
        if name in ACCEPTED:
            _one_process(name, value)
        elif name in FURTHER:
            uvicorn[name] = value
        elif name in SETTABLE:
            found[name] = _fits(name, value, where)
        else:
            near = suggest(name, (*SETTABLE, *FURTHER))
            raise UsageError(f"unknown option {name!r}{near}")
    found["uvicorn"] = uvicorn
    return found


def _one_process(name: str, value: Any) -> None:
    """Refuse several workers: that one process lives on is the point.

    Raises:
        UsageError: More than one worker was asked for.
    """
    if name == "workers" and value not in (None, 1, "1"):
        raise UsageError(
            f"--workers {value}: hotswap serves with one process, which lives on while its code changes; "
            "for several, run plain uvicorn"
        )
