"""Runs a program as ``__main__``, exactly as Python would, while its modules may be swapped."""

from __future__ import annotations
import __future__

import ast
import importlib
import os
import signal
import sys
import threading
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from hotswap.session import ReloadPlan, Session
from hotswap.tracebacks import print_like_python

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap.console import Console
    from hotswap.options import Options
    from hotswap.target import Target


CRASHED: Final = 1
"""The exit code of a program that has ended by an exception."""


def run_program(
    options: Options, target: Target, arguments: Sequence[str], console: Console, manifest: Any
) -> int:
    """Run a script or a module to its end; give the exit code Python would give, or minus SIGINT.

    Raises:
        SystemExit: The program's own, which the interpreter understands best.
    """
    _prepare_path(target)
    roots = (os.getcwd(), target.import_root, *options.reload_dir)
    session = Session(options, console, given=target.given, roots=roots, manifest=manifest)
    if options.env_file:
        session.env.load(os.path.abspath(options.env_file))
    script = _script(target)
    sys.argv[:] = [target.path if _is_module(target) else target.given, *arguments]
    session.plan = ReloadPlan(name=target.given, preflight=lambda: _preflight(script), program=True)
    code = 0
    try:
        code = _run(session, target, script)
        return code
    finally:
        session.reloading.give_up()
        session.close()
        # after a crash its TLS connections wait in the keeper for whoever starts it again
        if code != CRASHED and session.registry.keeping is not None:
            session.registry.keeping.farewell()
        console.stopped()


def _run(session: Session, target: Target, script: str) -> int:
    try:
        main = _main_module(target, script)
        with open(script, "rb") as file:
            data = file.read()
        tracker = session.swapper.tracker
        code = tracker.prepared(compile(data, script, "exec", dont_inherit=True))
        tracker.adopt_module(main, script, data, code=code)
        session.begin((), stop=None)
        parts = parts_of(data, script, code)
        tracker.execute(main, code, script, data, parts=parts, between=session.imported)
        _join()
    except SystemExit:
        raise
    except KeyboardInterrupt as error:
        session.reloading.give_up()
        print_like_python(error)
        _join()
        return -signal.SIGINT
    except BaseException as error:  # noqa: BLE001 -- whatever it is, it ends the program
        print_like_python(error)
        return CRASHED
    return 0


def parts_of(data: bytes, script: str, whole: CodeType) -> list[CodeType]:
    """Cut a program where its definitions end and its run begins: what it has gathered is put back there.

    That is before ``if __name__ == "__main__":``, or before a last statement that calls or loops. Gives two code
    objects, or none when there is no such place. The functions in them are those of `whole`, the program's code in one
    piece: the engine finds live functions by their code.
    """
    tree = ast.parse(data, script)
    place = next((n for n, one in enumerate(tree.body) if _is_guard(one)), len(tree.body) - 1)
    if place < 1 or not (_is_guard(tree.body[place]) or _runs(tree.body[place])):
        return []
    first = compile(_module(tree.body[:place]), script, "exec", dont_inherit=True)
    future = first.co_flags & sum(
        getattr(__future__, name).compiler_flag for name in __future__.all_feature_names[-2:]
    )
    rest = _module(tree.body[place:])
    parts = [first, compile(rest, script, "exec", flags=future, dont_inherit=True)]
    inner = [_inner(part) for part in parts]
    same = _inner(whole)
    if [_known_by(one) for part in inner for one in part] != [_known_by(one) for one in same]:
        return []
    given = iter(same)
    return [
        part.replace(
            co_consts=tuple(
                next(given) if isinstance(const, CodeType) else const for const in part.co_consts
            )
        )
        for part in parts
    ]


def _inner(code: CodeType) -> list[CodeType]:
    return [const for const in code.co_consts if isinstance(const, CodeType)]


def _known_by(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def _module(body: list[ast.stmt]) -> ast.Module:
    return ast.Module(body=body, type_ignores=[])


def _is_guard(statement: ast.stmt) -> bool:
    test = statement.test if isinstance(statement, ast.If) else None
    return isinstance(test, ast.Compare) and ast.unparse(test.left) == "__name__"


def _runs(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Call)
    return isinstance(statement, (ast.While, ast.For, ast.With, ast.Try, ast.If))


def _join() -> None:
    """Wait for the program's threads as the interpreter would, but while they can still be swapped.

    What it calls before that sends the idle workers of pools home (`threading._shutdown`): a pool that nobody has shut
    down would be waited for without end.
    """
    for call in reversed(getattr(threading, "_threading_atexits", ())):
        call()
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()


def _is_module(target: Target) -> bool:
    """Say whether it runs as ``python -m`` runs it; a directory's ``__main__.py`` runs as a script does."""
    return target.modules not in {(), ("__main__",)}


def _script(target: Target) -> str:
    return target.path if target.modules else os.path.abspath(target.given)


def _prepare_path(target: Target) -> None:
    """Make ``sys.path[0]`` what Python makes it: the script's directory, or the working directory for ``-m``."""
    ours = {"", os.getcwd(), os.path.dirname(os.path.abspath(sys.argv[0]))}
    if sys.path and sys.path[0] in ours and not sys.flags.safe_path:
        del sys.path[0]
    if not sys.flags.safe_path or _is_module(target):
        sys.path.insert(0, target.import_root)


def _main_module(target: Target, script: str) -> ModuleType:
    """Make the module that the program runs in, and put it in place (runpy; pymain_run_file in Modules/main.c)."""
    main = ModuleType("__main__")
    main.__dict__.update(
        __builtins__=sys.modules["builtins"],
        __file__=script,
        __cached__=None,
        __loader__=SourceFileLoader("__main__", script),
    )
    if target.modules:
        name = target.modules[0]
        package = name.rpartition(".")[0]
        if package:
            importlib.import_module(package)
        loader = SourceFileLoader(name, script)
        spec = ModuleSpec(name, loader, origin=script)
        spec.has_location = True
        main.__dict__.update(
            __cached__=spec.cached, __loader__=loader, __spec__=spec, __package__=package
        )
    if sys.version_info < (3, 14):
        main.__annotations__ = {}  # as add_main_module in pylifecycle.c does
    sys.modules["__main__"] = main
    return main


def _preflight(script: str) -> Any:
    from hotswap.handover import Preflight

    return Preflight(target=script, factory=False, paths=list(sys.path), script=True)
