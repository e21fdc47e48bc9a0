"""A function that keeps its identity where its closure cannot: it forwards every call."""

from __future__ import annotations

from types import BuiltinFunctionType, CodeType, FunctionType

from hotswap.live.conformer import CLASS, with_constants
from hotswap.live.looking import content
from hotswap.source import codes

Callee = FunctionType | BuiltinFunctionType | type


def forwarding_code(old: FunctionType, new: Callee) -> CodeType:
    """Make code of the same kind as `new` that calls it, with `old`'s free variables."""
    like = new.__code__ if isinstance(new, FunctionType) else old.__code__
    flags = like.co_flags if isinstance(new, FunctionType) else 0
    is_async, is_generator, is_async_generator = flags & 0x80, flags & 0x20, flags & 0x200
    target = repr(CLASS)
    call = f"{target}(*args, **kwargs)"
    if is_async_generator:
        prefix, body = "async ", f"async for item in {call}: yield item"
    elif is_async:
        prefix, body = "async ", f"return await {call}"
    elif is_generator:
        prefix, body = "", f"return (yield from {call})"
    else:
        prefix, body = "", f"return {call}"
    free = ", ".join(old.__code__.co_freevars)
    dead = f"  if 0: {free}\n" if free else ""
    source = f"def make({free}):\n {prefix}def forward(*args, **kwargs):\n{dead}  {body}\n return forward\n"
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = compile(source, like.co_filename, "exec", dont_inherit=True)
    made = next(code for code in codes.walk(whole) if code.co_name == "forward")
    return with_constants(made, {CLASS: new}).replace(
        co_name=new.__name__,
        co_qualname=new.__qualname__,
        co_firstlineno=like.co_firstlineno,
    )


def wraps(outer: FunctionType, inner: FunctionType) -> bool:
    """Say whether `outer` holds `inner` in its closure or as `__wrapped__`."""
    if outer.__dict__.get("__wrapped__") is inner:
        return True
    return any(content(cell) is inner for cell in outer.__closure__ or ())
