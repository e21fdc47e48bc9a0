"""Calls whose effect nothing can take back: such a statement never runs twice in one process."""

from __future__ import annotations

import ast
from typing import Final

from hotswap.source.nodes import dotted

DOTTED: Final = {
    "asyncio.create_task": "starts a task",
    "asyncio.ensure_future": "starts a task",
    "asyncio.run": "runs a program",
    "atexit.register": "registers an exit function",
    "faulthandler.register": "registers a signal handler",
    "gc.callbacks.append": "registers a gc callback",
    "os.abort": "ends the process",
    "os.execv": "replaces the process",
    "os.fork": "forks the process",
    "os.register_at_fork": "registers a fork hook",
    "os.spawnl": "starts a process",
    "os.system": "starts a process",
    "signal.signal": "installs a signal handler",
    "subprocess.Popen": "starts a process",
    "subprocess.call": "starts a process",
    "subprocess.check_call": "starts a process",
    "subprocess.check_output": "starts a process",
    "subprocess.run": "starts a process",
    "sys.addaudithook": "adds an audit hook",
    "sys.exit": "ends the process",
    "uvicorn.run": "runs a server",
    "_thread.start_new_thread": "starts a thread",
    "weakref.finalize": "registers a finaliser",
}
"""Whole dotted names, wherever in a statement they are called."""

OVERWRITES: Final = frozenset({"signal.signal"})
"""Running these again replaces what they did before: only their removal cannot be undone."""

METHODS: Final = {
    "add_signal_handler": "installs a signal handler",
    "create_task": "starts a task",
    "ensure_future": "starts a task",
    "mainloop": "runs a program",
    "run": "runs a program",
    "run_forever": "runs a program",
    "run_until_complete": "runs a program",
    "serve_forever": "runs a server",
    "start": "starts something",
    "start_new_thread": "starts a thread",
    "submit": "starts work in another thread",
}
"""Method names: an expression statement that calls one, on whatever object."""

STATEMENT_METHODS: Final = {
    "bind": "binds a socket",
    "connect": "connects something",
    "listen": "opens a socket",
    "send": "sends something",
    "sendall": "sends something",
}
"""Method names that count only when the statement is nothing but the call."""

NAMES: Final = {"exit": "ends the process", "input": "asks the user", "quit": "ends the process"}


def of_call(node: ast.Call, *, statement: bool, origins: dict[str, str]) -> tuple[str, bool]:
    """Say what a call does for good, and whether doing it again replaces the first time.

    Args:
        node: The call.
        statement: The call is a whole expression statement.
        origins: Local name -> dotted name it was imported as (``register`` -> ``atexit.register``).
    """
    name = dotted(node.func)
    root, _, rest = name.partition(".")
    if root in origins:
        name = origins[root] + ("." + rest if rest else "")
    if name in DOTTED:
        return DOTTED[name], name in OVERWRITES
    if name in NAMES:
        return NAMES[name], False
    if isinstance(node.func, ast.Attribute):
        if statement and node.func.attr in METHODS:
            return METHODS[node.func.attr], False
        if node.func.attr in ("create_task", "serve_forever", "run_until_complete"):
            return METHODS[node.func.attr], False
        if statement and node.func.attr in STATEMENT_METHODS:
            return STATEMENT_METHODS[node.func.attr], False
    return "", False
