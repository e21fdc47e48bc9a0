"""What ``setup`` and ``probes`` of a case may call, and how values are made comparable between interpreters."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import re
import sys
import traceback
import types
import typing
from typing import Any

SIMPLE = (type(None), bool, int, float, complex, str, bytes)


def sig(function: Any) -> str:
    """Give the signature as text."""
    return str(inspect.signature(function))


def raised(function: Any, *args: Any, **kwargs: Any) -> str:
    """Call and give what was raised, as text."""
    try:
        return f"gave {render(function(*args, **kwargs))}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def lines(function: Any, *args: Any) -> list[tuple[str, int, str]]:
    """Call, and give (function, line, source line) of the raised error's traceback, below this file."""
    try:
        function(*args)
    except Exception as error:
        return [
            (frame.name, frame.lineno or 0, frame.line or "")
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename != __file__
        ]
    raise AssertionError(f"{function} did not raise")


def source(thing: Any) -> str:
    """Give `inspect.getsource`."""
    return inspect.getsource(thing)


def run(awaitable: Any) -> Any:
    """Await on a loop of its own; of an async iterator, gather the items."""

    async def whole() -> Any:
        if hasattr(awaitable, "__aiter__"):
            return [item async for item in awaitable]
        return await awaitable

    return asyncio.run(whole())


def hints(thing: Any) -> dict[str, Any]:
    """Give the resolved annotations."""
    return typing.get_type_hints(thing)


def again(value: Any) -> Any:
    """Give the value after pickling and unpickling."""
    return pickle.loads(pickle.dumps(value))


def ask(app: Any, path: str, method: str = "GET", **kwargs: Any) -> tuple[int, Any]:
    """Give (status, json or text) of one request to an ASGI or WSGI app."""
    if hasattr(app, "test_client"):
        reply = app.test_client().open(path, method=method, **kwargs)
        return reply.status_code, reply.get_json(silent=True) or reply.get_data(as_text=True)
    from starlette.testclient import TestClient

    answer = TestClient(app, raise_server_exceptions=False).request(method, path, **kwargs)
    try:
        return answer.status_code, answer.json()
    except ValueError:
        return answer.status_code, answer.text


def header(app: Any, path: str, name: str) -> str | None:
    """Give one header of the answer to a GET."""
    from starlette.testclient import TestClient

    value: str | None = TestClient(app).get(path).headers.get(name)
    return value


def talk(app: Any, path: str, *texts: str) -> list[str]:
    """Open a WebSocket, send each text and gather what comes back."""
    from starlette.testclient import TestClient

    gathered = []
    with TestClient(app).websocket_connect(path) as socket:
        for text in texts:
            socket.send_text(text)
            gathered.append(socket.receive_text())
    return gathered


def routes(app: Any) -> list[str]:
    """Give the documented operations in order: ``GET /items``."""
    return [
        f"{method.upper()} {path}"
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    ]


def operation(app: Any, path: str, method: str = "get") -> Any:
    """Give one operation of the OpenAPI document."""
    return app.openapi()["paths"][path][method]


def command(group: Any, *args: str) -> str:
    """Run a click or typer command and give its output."""
    import click
    from click.testing import CliRunner

    if not isinstance(group, click.Command):
        import typer.testing

        return str(typer.testing.CliRunner().invoke(group, args).output)
    return str(CliRunner().invoke(group, args).output)


HELPERS: dict[str, Any] = {
    f.__name__: f
    for f in (
        sig,
        raised,
        lines,
        source,
        run,
        hints,
        again,
        ask,
        header,
        talk,
        routes,
        operation,
        command,
    )
}


def _is(value: Any, kinds: Any) -> bool:
    # not isinstance: a module may hold a proxy that raises whatever it is asked
    return issubclass(type(value), kinds)


def render(value: Any) -> str:
    """Give a text that is equal in two interpreters for what a program would call equal."""
    if _is(value, types.ModuleType):
        return f"<module {value.__name__}>"
    if type(value) in (list, tuple):
        inner = ", ".join(render(item) for item in value)
        return f"[{inner}]" if type(value) is list else f"({inner})"
    if _is(value, dict):
        return "{" + ", ".join(sorted(f"{render(k)}: {render(v)}" for k, v in value.items())) + "}"
    if _is(value, (set, frozenset)):
        return "{" + ", ".join(sorted(render(item) for item in value)) + "}"
    if _is(value, type):
        return f"<class {value.__module__}.{value.__qualname__}>"
    if type(value) in SIMPLE:
        return repr(value)
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def digest(code: types.CodeType) -> str:
    """Give a text equal for codes that run alike at the same lines."""
    constants = [
        digest(c) if _is(c, types.CodeType) else render(c)
        for c in code.co_consts
        if _is(c, (types.CodeType, *SIMPLE, tuple, frozenset))
    ]
    numbers = [line for _, _, line in code.co_lines()]
    body = (code.co_name, code.co_firstlineno, code.co_names, code.co_varnames, code.co_flags)
    return f"{body} {code.co_code.hex()} {numbers} {constants}"


def describe(value: Any, depth: int = 0) -> str:
    """Give what an edit may change of one global: code, signature, docs, class shape, a plain value."""
    if _is(value, types.FunctionType):
        inner = getattr(value, "__wrapped__", None) if depth < 6 else None
        text = f"def {value.__qualname__} {value.__doc__!r} {render(value.__annotations__)} "
        text += f"{render(value.__defaults__)} {render(value.__kwdefaults__)} "
        return (
            text + digest(value.__code__) + (f" <- {describe(inner, depth + 1)}" if inner else "")
        )
    if _is(value, (staticmethod, classmethod)):
        return f"{type(value).__name__} {describe(value.__func__, depth)}"
    if _is(value, property):
        parts = (value.fget, value.fset, value.fdel)
        return f"property {value.__doc__!r} {[describe(p, depth) for p in parts]}"
    if _is(value, type) and depth < 3 and value.__module__ in _inside:
        return _class(value, depth)
    if type(value) in (*SIMPLE, tuple, frozenset):
        return render(value)
    return f"<{type(value).__module__}.{type(value).__qualname__}>"


_inside: set[str] = set()
_UNTOLD = {"__dict__", "__weakref__", "_abc_impl", "__slotnames__", "__subclasshook__"}


def _class(cls: type, depth: int) -> str:
    keys = []
    for key, value in sorted(vars(cls).items()):
        if key in _UNTOLD or key.startswith(("__pydantic", "_abc", "__dataclass")):
            continue
        if key == "__annotations__" and not value:  # made by whoever asks for it (typing does)
            continue
        if key == "__static_attributes__":  # made from a set: any order
            keys.append(f"{key}: {sorted(value)}")
        else:
            keys.append(f"{key}: {describe(value, depth + 1)}")
    mro = [c.__qualname__ for c in cls.__mro__]
    return f"class {cls.__qualname__} {mro}\n    " + "\n    ".join(keys)


def inventory(root: str) -> dict[str, str]:
    """Give what each global of each module below `root` is, and which globals are one object."""
    modules = {
        name: module
        for name, module in sorted(sys.modules.items())
        if str(getattr(module, "__file__", None) or "").startswith(root)
    }
    _inside.clear()
    _inside.update(modules)
    told: dict[str, str] = {}
    same: dict[int, list[str]] = {}
    for name, module in modules.items():
        for key, value in sorted(vars(module).items()):
            if key.startswith("__") and key not in ("__all__", "__doc__", "__annotations__"):
                continue
            if "[" in key:  # pydantic's aid to pickle parametrised models
                continue
            told[f"{name}.{key}"] = describe(value)
            if type(value) not in (*SIMPLE, tuple, frozenset):
                same.setdefault(id(value), []).append(f"{name}.{key}")
    for names in same.values():
        for alias in names[1:]:
            told[f"{alias} is"] = names[0]
    return told


def identities(root: str) -> dict[str, int]:
    """Give the id of each global of each module below `root`, and of what its containers hold."""
    found: dict[str, int] = {}
    for name, module in sorted(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(root):
            found[name] = id(module)
            for key, value in sorted(vars(module).items()):
                if key in ("__builtins__", "__warningregistry__") or "[" in key:
                    continue
                found[f"{name}.{key}"] = id(value)
                if _is(value, type) and value.__module__ == name:
                    found.update(
                        {
                            f"{name}.{key}.{k}": id(v)
                            for k, v in vars(value).items()
                            if k != "__abstractmethods__"
                        }
                    )
                elif _is(value, types.FunctionType):
                    found[f"{name}.{key}.__code__"] = id(value.__code__)
                elif type(value) is list and key != "__path__":
                    found.update({f"{name}.{key}[{i}]": id(v) for i, v in enumerate(value)})
                elif type(value) is dict:
                    found.update({f"{name}.{key}[{k!r}]": id(v) for k, v in value.items()})
    return found
