"""The command: arguments, exit codes; every other thing happens in the rooms below."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NoReturn

from hotswap.options import (
    ACCEPTED,
    FIELDS,
    FURTHER,
    POLL,
    NotThereError,
    UsageError,
    from_text,
    load,
    suggest,
)

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

OK: Final = 0
USAGE: Final = 2

DESCRIPTION: Final = """\
Keep a Python program running while its source changes: connections and state outlive the code.

TARGET is a package, a module, module:attribute, or a path; without one, `app` of [tool.hotswap] in pyproject.toml.
What holds no ASGI app is run as Python would run it, with the arguments that follow:
  hotswap main:app        hotswap mypackage        hotswap bot.py --verbose        hotswap mypackage -- --level 3
"""
EPILOG: Final = """\
uvicorn's other options are accepted, too (--ws-ping-interval, --header, --http, ...), and so are --reload and
--reload-delay, which have nothing left to do. Every option can be set as HOTSWAP_NAME=value, or as name = value under
[tool.hotswap] in pyproject.toml; flags win over variables, variables over the file.
"""
UNFLAGGED: Final = frozenset({"app", "root", "verbosity", "uvicorn"})
"""Options that are set in other ways: by TARGET, -v and -q, or in pyproject.toml only."""
QUESTIONS: Final = {"--explain": True, "--status": False, "--ask-reload": False}
ELSEWHERE: Final = {
    "-m": ": leave it out, `hotswap mypackage` runs a package or module",
    "-p": ": did you mean '--port'?",
    "-w": ": one process is the point (how-to: several processes)",
    "-b": ": did you mean '--host' and '--port'?",
    "-c": ": settings are read from pyproject.toml",
}
"""Short options of python, flask and gunicorn."""
SUBCOMMANDS: Final = {"dev", "run", "serve"}
"""Of fastapi and flask."""
SHORT: Final = {"-h", "--help", "--version", "-v", "--verbose", "-q", "--quiet"}
GROUPS: Final = {
    "server": "server (as uvicorn)",
    "tls": "TLS",
    "changes": "changes",
    "browser": "browser",
    "report": "report",
}


@dataclass(frozen=True, slots=True)
class Command:
    """The command line, taken apart. Nothing has been looked up yet but the file that a path names."""

    flags: dict[str, Any] = field(default_factory=dict)
    """What was given, by field name of `Options` (or of uvicorn's further options)."""
    target: str = ""
    arguments: tuple[str, ...] = ()
    """For the program, when the target is one."""
    asks: tuple[str, ...] = ()
    """A question to a running session: ``("explain", FILE, ...)``, ``("status",)``, ``("reload",)``."""


class _Parser(argparse.ArgumentParser):
    """argparse, whose errors suggest the nearest option."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(message)


def parser(width: int | None = None, only: Container[str] | None = None) -> argparse.ArgumentParser:
    """Make the parser of everything but TARGET's place and a program's arguments, which `parse` sees to.

    Args:
        width: Columns for the help; the terminal's when None.
        only: Names of the options that matter; None: all. (All of them take 8 ms, at every start and exec.)
    """

    def formatter(prog: str) -> argparse.HelpFormatter:
        return argparse.RawDescriptionHelpFormatter(prog, max_help_position=28, width=width)

    made = _Parser(
        prog="hotswap",
        usage="hotswap [options] TARGET [options | arguments of the program]",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=formatter,
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,
        add_help=False,
    )
    groups = {name: made.add_argument_group(title) for name, title in GROUPS.items()}
    for name, one in FIELDS.items():
        if name in UNFLAGGED or (only is not None and name not in only):
            continue
        _add(groups[one.metadata["group"]], name, one.metadata, one.default)
    report = groups["report"]
    report.add_argument("-v", "--verbose", action="count", help="tell more; twice: everything")
    report.add_argument("-q", "--quiet", action="count", help="tell faults only")
    asks = made.add_argument_group("questions to a running session")
    asks.add_argument(
        "--explain",
        metavar="FILE",
        action="append",
        help="tell what saving FILE would do to what runs, and do nothing",
    )
    asks.add_argument(
        "--status", action="store_true", help="tell what the sessions of this directory run"
    )
    asks.add_argument(
        "--ask-reload",
        action="store_true",
        help="make it reload by exec, and wait for the verdict; exit code 1 when refused",
    )
    other = made.add_argument_group("other")
    other.add_argument("--version", action="store_true", help="show the version")
    other.add_argument("-h", "--help", action="store_true", help="show this")
    for name, kind in {**FURTHER, **ACCEPTED}.items():
        if only is not None and name not in only:
            continue
        facts = {"kind": kind, "choices": (), "metavar": "", "help": "", "off": "", "hidden": True}
        _add(made, name, facts, None)
    return made


def parse(argv: Sequence[str]) -> Command:
    """Take a command line apart.

    Raises:
        UsageError: An option is unknown or has a wrong value.
        SystemExit: ``--help`` or ``--version``, which have been answered.
    """
    before, target, after = _split(list(argv))
    arguments: list[str] = []
    if target and _is_program(target, after):
        arguments, after = after, []
    elif "--" in after:
        place = after.index("--")
        after, arguments = after[:place], after[place + 1 :]
    own, stray, _ = _split(after)
    if stray and target in SUBCOMMANDS:
        raise NotThereError(f"there is no command {target!r}, and none is needed: hotswap {stray}")
    if stray:
        raise UsageError(
            f"unexpected argument {stray!r} after {target}; arguments for a program follow `--`"
        )
    wanted = {_name(word) for word in (*before, *own)}
    made = parser(only=None if wanted & {"h", "help"} else wanted)
    given = vars(made.parse_args([*before, *own]))
    if given.pop("help", False):
        sys.stdout.write(made.format_help())
        raise SystemExit(OK)
    if given.pop("version", False):
        from hotswap import __version__

        version = ".".join(map(str, sys.version_info[:3]))
        sys.stdout.write(f"hotswap {__version__} (Python {version})\n")
        raise SystemExit(OK)
    loudness = given.pop("verbose", 0) - given.pop("quiet", 0)
    if loudness:
        given["verbosity"] = max(-1, min(2, loudness))
    asks: tuple[str, ...] = ()
    for name in ("status", "ask_reload"):
        if given.pop(name, False):
            asks = (name,)
    files = given.pop("explain", None)
    if files:
        asks = ("explain", *files)
    if "reenter" in given:
        given["reenter"] = given["reenter"].replace("-", " ")
    flags = {name: _read(name, value) for name, value in given.items()}
    return Command(flags, target, tuple(arguments), asks)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; give the exit code. Does not come back when a signal ended the program: it is raised again."""
    from hotswap.handover import carrier

    manifest = carrier.awake()
    try:
        command = parse(sys.argv[1:] if argv is None else argv)
        if command.asks:
            from hotswap.questions import ask

            return ask(command.asks, machine=bool(command.flags.get("json")))
        options = load(command.flags)
        from hotswap.run import run

        return leave(run(options, command.target or options.app, command.arguments, manifest))
    except UsageError as error:
        sys.stderr.write(f"hotswap: {error}\n")
        if not isinstance(error, NotThereError):
            sys.stderr.write("hotswap: see `hotswap --help`\n")
        return USAGE


def leave(code: int) -> int:
    """End the process as its ending asks for: a negative code is a signal, which is raised again.

    What a plain exit would do is done first (exit hooks, flushing), but threads that do not end are not waited for
    longer than a moment: one Ctrl+C is enough.
    """
    if code >= 0:
        return code
    import signal

    from hotswap.run import last_moment

    last_moment()
    signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
    return 128 - code  # only where a signal does not end the process


def _add(group: Any, name: str, facts: Any, default: Any) -> None:
    flag = "--" + name.replace("_", "-")
    help_ = facts["help"] if not facts["hidden"] else argparse.SUPPRESS
    help_ = help_.replace("%", "%%")
    kind = facts["kind"]
    if kind == "bool":
        on = argparse.SUPPRESS if default is True else help_
        off = facts["off"] or f"do not {help_}" if default is True else argparse.SUPPRESS
        if facts["hidden"]:
            on = off = argparse.SUPPRESS
        group.add_argument(flag, action="store_true", dest=name, help=on)
        group.add_argument("--no-" + flag[2:], action="store_false", dest=name, help=off)
        return
    shown = default not in (None, "", ()) and kind != "list"
    if help_ != argparse.SUPPRESS and shown:
        help_ += f" (default: {default})"
    choices = [one.replace(" ", "-") for one in facts["choices"]] or None
    metavar = facts["metavar"] or {"int": "N", "float": "SECONDS", "seconds": "SECONDS"}.get(kind)
    if choices:
        metavar = "|".join(choices)
    action = "append" if kind == "list" else "store"
    extra: dict[str, Any] = {"nargs": "?", "const": str(POLL)} if kind == "seconds" else {}
    group.add_argument(
        flag, dest=name, action=action, metavar=metavar or "TEXT", help=help_, **extra
    )


def _split(argv: list[str]) -> tuple[list[str], str, list[str]]:
    """Give the options before the first argument that is none, that argument, and the rest.

    Raises:
        UsageError: An option is unknown; the message suggests the nearest.
    """
    takes_value = _flags()
    own: list[str] = []
    place = 0
    while place < len(argv):
        word = argv[place]
        if word == "--":
            return own, "", argv[place:]
        if word == "-" or not word.startswith("-"):
            return own, word, argv[place + 1 :]
        place += 1
        flag = word.partition("=")[0]
        if word.startswith("--") and flag not in takes_value:
            raise UsageError(f"unknown option {word}{suggest(flag, takes_value)}")
        if not word.startswith("--") and not set(word[1:]) <= set("hvq"):
            raise UsageError(f"unknown option {word}{ELSEWHERE.get(word[:2], '')}")
        if word == "--poll":
            following = argv[place] if place < len(argv) else ""
            if following.replace(".", "", 1).isdigit():
                place += 1
                word = f"--poll={following}"
        elif takes_value.get(word) and place < len(argv):
            own.append(word)
            word = argv[place]
            place += 1
        own.append(word)
    return own, "", []


def _flags() -> dict[str, bool]:
    """Give every long flag, and whether a value follows it."""
    found = {**dict.fromkeys(SHORT, False), **QUESTIONS}
    kinds = {name: one.metadata["kind"] for name, one in FIELDS.items() if name not in UNFLAGGED}
    for name, kind in {**FURTHER, **ACCEPTED, **kinds}.items():
        flag = "--" + name.replace("_", "-")
        found[flag] = kind != "bool"
        if kind == "bool":
            found["--no-" + flag[2:]] = False
    return found


def _name(word: str) -> str:
    """Give the option's name that a word of the command line stands for."""
    return word.partition("=")[0].lstrip("-").removeprefix("no-").replace("-", "_")


def _is_program(target: str, after: list[str]) -> bool:
    """Say whether all that follows belongs to the target: it is the path of a program, not of an app."""
    from hotswap.target import is_path, resolve

    if not is_path(target.partition(":")[0], os.curdir):
        return False
    try:
        found = resolve(target)
    except UsageError:  # told later, as what it is
        return True
    if found.kind == "program" or not found.broken:
        return found.kind == "program"
    try:  # a file that does not parse is either: the words that follow tell
        return bool(_split(after)[1])
    except UsageError:
        return True


def _read(name: str, value: Any) -> Any:
    """Give a flag's value its type; lists may be given several times, or once with commas."""
    kind = FIELDS[name].metadata["kind"] if name in FIELDS else {**FURTHER, **ACCEPTED}[name]
    where = "--" + name.replace("_", "-")
    if isinstance(value, list):
        if name == "header":
            return tuple(value)
        return tuple(part for one in value for part in from_text(name, kind, one, where))
    if isinstance(value, str):
        return from_text(name, kind, value, where)
    return value
