"""Whether a file reads like an ASGI app or like a program, told from its text alone.

A program must be run once, as ``__main__``; an app must be imported. Importing a program to see whether it holds an
app would run it under the wrong name, so the text decides, and a doubtful file is imported only when a main guard or
its own look says that this does no harm.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Shape = Literal["app", "maybe", "program", "broken"]

LIKELY: Final = ("app", "api", "application", "create_app", "make_app", "get_app", "build_app")
ASGI: Final = (
    "a2wsgi",
    "asgiref",
    "blacksheep",
    "channels",
    "connexion",
    "django.core.asgi",
    "esmerald",
    "falcon.asgi",
    "fastapi",
    "fasthtml",
    "lilya",
    "litestar",
    "quart",
    "ravyn",
    "sanic",
    "socketio",
    "starlette",
)
"""Packages whose calls make ASGI apps."""
OTHER: Final = (
    "aiohttp",
    "arcade",
    "argparse",
    "bottle",
    "celery",
    "click",
    "cmd",
    "curses",
    "discord",
    "kivy",
    "pygame",
    "telegram",
    "textual",
    "tkinter",
    "tornado",
    "typer",
    "wx",
    "PyQt5",
    "PyQt6",
    "PySide6",
)
"""Packages whose ``app`` is something to run."""
RUNS: Final = frozenset({"run", "main", "mainloop", "serve", "run_forever", "exec", "run_polling"})
"""``app.run()`` as a statement of its own: the module is a program."""


LOOPS: Final = frozenset(
    {
        "aiohttp.web.run_app",
        "anyio.run",
        "asyncio.run",
        "trio.run",
        "uvicorn.run",
        "uvloop.run",
    }
)
"""Called by a statement of the module, not of its main guard: importing it would never end."""


def shape_of(path: str) -> Shape:
    """Judge the file at `path`; ``"broken"`` when it cannot be read or parsed: running it gives the message."""
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return "broken"
    return judge(tree)


def judge(tree: ast.Module) -> Shape:
    """Judge a parsed module."""
    origin = _imports(tree.body)
    if any(_runs_a_loop(statement, origin) for statement in _statements(tree.body)):
        return "program"
    best: Shape = "program"
    for statement in _statements(tree.body):
        for name, value in _bindings(statement):
            found = _of_binding(name, value, origin)
            if (
                isinstance(value, ast.AsyncFunctionDef)
                and name not in LIKELY
                and _has_guard(tree.body)
            ):
                continue  # nothing finds it by its name; the guard serves it: ``serve(handle, Config())`` of hypercorn
            if found == "app":
                return "app"
            if found == "maybe":
                best = "maybe"
    if best == "maybe" and _runs_itself(tree.body, origin):
        return "program"
    return best


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Give the statements that run when the module is imported, those below ``if`` and ``try`` included."""
    for statement in body:
        if isinstance(statement, ast.If) and _is_guard(statement):
            continue
        yield statement
        for block in ("body", "orelse", "finalbody"):
            if isinstance(statement, ast.If | ast.Try | ast.With):
                yield from _statements(getattr(statement, block, []))


def _has_guard(body: Sequence[ast.stmt]) -> bool:
    return any(isinstance(statement, ast.If) and _is_guard(statement) for statement in body)


def _is_guard(statement: ast.If) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(statement.test)
    )


def _imports(body: Sequence[ast.stmt]) -> dict[str, str]:
    """Map each imported name to where it comes from, dotted; relative imports start with a dot."""
    origin: dict[str, str] = {}
    for statement in _statements(body):
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                origin[alias.asname or alias.name.partition(".")[0]] = alias.name
        elif isinstance(statement, ast.ImportFrom):
            source = "." * statement.level + (statement.module or "")
            for alias in statement.names:
                origin[alias.asname or alias.name] = f"{source}.{alias.name}"
    return origin


def _bindings(statement: ast.stmt) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id, statement.value
            elif isinstance(target, ast.Tuple):
                for element in target.elts:
                    if isinstance(element, ast.Name):
                        yield element.id, statement.value
    elif isinstance(statement, ast.AnnAssign):
        if isinstance(statement.target, ast.Name) and statement.value is not None:
            yield statement.target.id, statement.value
    elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name, statement
    elif isinstance(statement, ast.ImportFrom):
        for alias in statement.names:
            yield alias.asname or alias.name, statement


def _of_binding(name: str, value: ast.AST, origin: dict[str, str]) -> Shape:
    """Judge one binding: what kind of thing `name` becomes."""
    if isinstance(value, ast.AsyncFunctionDef):
        arguments = [one.arg for one in value.args.posonlyargs + value.args.args]
        return "app" if arguments[:3] == ["scope", "receive", "send"] else "program"
    if isinstance(value, ast.FunctionDef):
        return "maybe" if name in LIKELY[3:] and not _makes_other(value, origin) else "program"
    if isinstance(value, ast.ImportFrom):
        source = "." * value.level + (value.module or "")
        foreign = source.partition(".")[0] in {*ASGI, *OTHER}
        return "maybe" if name in LIKELY and not foreign else "program"
    if isinstance(value, ast.Call):
        full = _origin_of(value, origin)
        if _below(full, ASGI) and not full.endswith(("Router", "StaticFiles", "Depends")):
            return "app" if name in LIKELY or full.rpartition(".")[2][:1].isupper() else "maybe"
        if _below(full, OTHER):
            return "program"
        return "maybe" if name in LIKELY else "program"
    if isinstance(value, ast.Attribute | ast.Name | ast.Subscript | ast.Await):
        return "maybe" if name in LIKELY else "program"
    return "program"


def _makes_other(function: ast.FunctionDef, origin: dict[str, str]) -> bool:
    """Say whether a function makes something to run, ``web.Application()``, and no ASGI app."""
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    made = {_origin_of(call, {**origin, **_imports(function.body)}) for call in calls}
    return any(_below(one, OTHER) for one in made) and not any(_below(one, ASGI) for one in made)


def _origin_of(call: ast.Call, origin: dict[str, str]) -> str:
    """Give what a call calls, by where it was imported from: ``aiohttp.web.run_app``."""
    first, dot, rest = _dotted(call.func).partition(".")
    return origin.get(first, first) + dot + rest


def _below(name: str, packages: Sequence[str]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return _dotted(node.func)
    return ""


def _runs_a_loop(statement: ast.stmt, origin: dict[str, str]) -> bool:
    if not isinstance(statement, ast.Expr) or not isinstance(statement.value, ast.Call):
        return False
    return _origin_of(statement.value, origin) in LOOPS


def _runs_itself(body: Sequence[ast.stmt], origin: dict[str, str]) -> bool:
    """Say whether a statement of the module, or of its main guard, runs the app itself: ``app.run()``.

    So does ``web.run_app(make())`` of aiohttp, whose apps are no ASGI apps, and ``socketio.run(app)`` with an object
    that the module makes.
    """
    bindings = [found for statement in _statements(body) for found in _bindings(statement)]
    made = {name for name, value in bindings if isinstance(value, ast.Call)}
    for statement in body:
        inner = (
            statement.body
            if isinstance(statement, ast.If) and _is_guard(statement)
            else [statement]
        )
        for one in inner:
            if not isinstance(one, ast.Expr) or not isinstance(one.value, ast.Call):
                continue
            if _origin_of(one.value, origin) == "aiohttp.web.run_app":
                return True
            called = one.value.func
            if not isinstance(called, ast.Attribute) or called.attr not in RUNS:
                continue
            if isinstance(called.value, ast.Name) and (
                called.value.id in LIKELY
                or (called.value.id in made and _is_given_an_app(one.value))
            ):
                return True
    return False


def _is_given_an_app(call: ast.Call) -> bool:
    """Say whether the first argument is the app: ``socketio.run(app)``."""
    return bool(call.args) and isinstance(call.args[0], ast.Name) and call.args[0].id in LIKELY
