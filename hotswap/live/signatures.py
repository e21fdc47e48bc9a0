"""What a function's signature is made of, and its defaults by parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import CodeType, FunctionType


def signs(function: FunctionType, code: CodeType) -> tuple[object, ...]:
    """Give what a signature is made of: equal only where `inspect.signature` says the same of both."""
    flags = code.co_flags & 0x2AC  # *args, **kwargs; generator, coroutine, asynchronous generator
    named = code.co_argcount + code.co_kwonlyargcount + bool(flags & 4) + bool(flags & 8)
    defaults = [id(value) for value in function.__defaults__ or ()]
    keywords = {name: id(value) for name, value in (function.__kwdefaults__ or {}).items()}
    hints = {n: h if type(h) is str else id(h) for n, h in function.__annotations__.items()}
    counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, flags)
    return (counts, code.co_varnames[:named], defaults, keywords, hints)


def by_parameter(
    code: CodeType, defaults: tuple[Any, ...] | None, keywords: dict[str, Any] | None
) -> dict[str, Any]:
    """Give defaults by the name of their parameter."""
    positional = code.co_varnames[: code.co_argcount]
    found = dict(
        zip(positional[len(positional) - len(defaults or ()) :], defaults or (), strict=True)
    )
    return {**found, **(keywords or {})}


def kept_defaults(
    new: FunctionType,
    which: str,
    names: frozenset[str],
    code: CodeType,
    defaults: tuple[tuple[Any, ...] | None, dict[str, Any] | None],
) -> Any:
    """Give `new`'s defaults, in which mutable ones that gathered data stay where their expression is unchanged.

    Args:
        new: The throw-away function.
        which: ``__defaults__`` or ``__kwdefaults__``.
        names: Parameters whose default expression did not change.
        code: The live function's code before this swap.
        defaults: Its defaults and keyword defaults before this swap.
    """
    before = by_parameter(code, *defaults)
    after = by_parameter(new.__code__, new.__defaults__, new.__kwdefaults__)
    kept = {
        k: before[k]
        if k in names
        and type(before.get(k)) is type(v)
        and isinstance(v, (list, dict, set, bytearray))
        else v
        for k, v in after.items()
    }
    if which == "__kwdefaults__":
        return {k: kept[k] for k in new.__kwdefaults__ or {}}
    positional = new.__code__.co_varnames[: new.__code__.co_argcount]
    return tuple(kept[n] for n in positional[len(positional) - len(new.__defaults__ or ()) :])
