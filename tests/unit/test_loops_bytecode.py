"""Facts about code objects, held against what the compiler itself computed."""

from __future__ import annotations

import asyncio
import dis
import glob
import os
import sys
from types import CodeType
from typing import TYPE_CHECKING, Any

import pytest

from hotswap.live.loops.bytecode import (
    EXIT,
    HANDLED,
    ITERATOR,
    ROOM,
    SUSPENDABLE,
    VALUE,
    Facts,
    handlers,
    roomy,
    same_body,
    slot_names,
)
from hotswap.live.loops.landing import landing
from hotswap.live.loops.model import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator


def nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested(constant)


def function(source: str) -> CodeType:
    return next(c for c in nested(compile(source, "<test>", "exec")) if c.co_name == "f")


LIBRARY = sorted(glob.glob(os.path.join(os.path.dirname(asyncio.__file__), "*.py")))


@pytest.mark.parametrize("path", LIBRARY, ids=os.path.basename)
def test_the_deepest_stack_is_the_one_the_compiler_found(path: str) -> None:
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec")
    for one in nested(code):
        facts = Facts(one)
        least = 1 if sys.version_info >= (3, 13) else 0
        assert max(least, *map(len, facts.stacks.values())) == one.co_stacksize
        assert facts.own_stack == one.co_stacksize
        if one.co_flags & SUSPENDABLE:
            assert Facts(roomy(one)).own_stack == one.co_stacksize


@pytest.mark.parametrize("path", LIBRARY, ids=os.path.basename)
def test_exception_tables_and_slots_are_read_as_dis_reads_them(path: str) -> None:
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec")
    for one in nested(code):
        theirs = dis._parse_exception_table(one)  # type: ignore[attr-defined]
        ours = handlers(one)
        assert [(r.start, r.target, r.depth, r.lasti) for r in ours] == [
            (e.start, e.target, e.depth, e.lasti) for e in theirs
        ]
        assert {r.end - e.end for r, e in zip(ours, theirs, strict=True)} <= {0}
        names = slot_names(one)
        assert [one._varname_from_oparg(i) for i in range(len(names))] == list(names)  # type: ignore[attr-defined]


def test_roomy_reserves_room_in_suspendable_frames_only() -> None:
    code = compile(
        "def f():\n async def g(): pass\n def h(): yield\n def i(): pass\n return g",
        "<test>",
        "exec",
    )
    before = {c.co_name: c for c in nested(code)}
    after = {c.co_name: c for c in nested(roomy(code))}

    assert {n: after[n].co_stacksize - before[n].co_stacksize for n in before} == {
        "<module>": 0,
        "f": 0,
        "g": ROOM,
        "h": ROOM,
        "i": 0,
    }
    assert all(after[n] == before[n] and after[n].co_code == before[n].co_code for n in before)
    plain = compile("x = 1", "<test>", "exec")
    assert roomy(plain) is plain


PLACES = """
async def f(xs, lock):
    for x in xs:
        with lock:
            try:
                await x
            except ValueError:
                await lock
"""


def test_the_kinds_on_the_stack_are_told() -> None:
    facts = Facts(function(PLACES))
    stacks = [facts.parked(o) for o in facts.suspensions]

    assert (ITERATOR, EXIT, VALUE) in stacks
    assert any(s[:2] == (ITERATOR, EXIT) and HANDLED in s for s in stacks)
    assert facts.parked(facts.start) == ()
    with pytest.raises(Refused):
        facts.parked(2 if facts.start != 2 else 4)


def await_of(source: str) -> tuple[Facts, int]:
    facts = Facts(function(source))
    return facts, facts.suspensions[0]


@pytest.mark.parametrize(
    ("body", "needed", "assured"),
    [
        ("    x = 1\n    while True:\n        await g()\n        print(x)\n", {"x"}, {"x"}),
        ("    while True:\n        await g()\n        x = 1\n        print(x)\n", set(), set()),
        (
            "    while True:\n        await g()\n        if g: x = 1\n        print(x)\n",
            {"x"},
            set(),
        ),
        (
            "    if g: x = 1\n    else: x = 2\n    while True:\n        await g()\n        print(x)\n",
            {"x"},
            {"x"},
        ),
        (
            "    try:\n        await g()\n        x = 1\n    except KeyError:\n        print(x)\n",
            {"x"},
            set(),
        ),
        (
            "    x = 1\n    try:\n        await g()\n        x = 2\n    finally:\n        print(x)\n",
            {"x"},
            {"x"},
        ),
        ("    x = 1\n    await g()\n    del x\n", {"x"}, {"x"}),
        ("    x = 1\n    await g()\n    return lambda: x\n", {"x"}, {"x"}),
        ("    x = y = 1\n    await g()\n    x = y\n    print(x)\n", {"y"}, {"y"}),
        ("    x = 1\n    await g()\n    return [x for x in (1, 2)]\n", set(), set()),
    ],
)
def test_what_is_read_before_it_is_bound(body: str, needed: set[str], assured: set[str]) -> None:
    facts, offset = await_of(f"async def f(g):\n{body}")

    assert facts.needed(offset) - {"g"} == needed
    assert facts.assured(offset) - {"g"} == assured
    if sys.version_info < (3, 12):
        assert facts.demanded(offset) == set()
    else:
        assert facts.demanded(offset) <= needed | {"g"}


def test_an_unchecked_read_is_demanded() -> None:
    facts, offset = await_of(
        "async def f(g):\n    x = 1\n    while True:\n        await g()\n        print(x)\n"
    )

    unchecked = {i.argval for i in facts.instructions if i.opname == "LOAD_FAST"}
    assert facts.demanded(offset) - {"g"} == ({"x"} if sys.version_info >= (3, 12) else set())
    assert "x" in unchecked or sys.version_info < (3, 12)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("async def f(): await 1", "\n\nasync def f():\n    await 1", True),
        ("async def f(): await 1", "async def f(): await 1.0", False),
        ("async def f(): await (0.0, 1)", "async def f(): await (-0.0, 1)", False),
        ("async def f(): await True", "async def f(): await 1", False),
        ("async def f(): return lambda: 1", "async def f(): return lambda: 2", False),
        ("async def f(a): await a", "async def f(b): await b", False),
        ("async def f(x): return x in {1, 2}", "async def f(x): return x in {1.0, 2}", False),
    ],
)
def test_same_bodies_are_told(one: str, other: str, same: bool) -> None:
    assert same_body(function(one), function(other)) is same


def test_a_landing_tells_a_yield_from_an_await() -> None:
    source = "async def f():\n    yield 1\n    await 2\n"
    facts = Facts(function(source))
    landings: list[Any] = [landing(facts, o) for o in facts.suspensions]

    assert [found.delegates for found in landings] == [False, True]
    assert not landing(facts, facts.start).started


def test_a_name_with_two_slots_is_refused() -> None:
    source = "def out():\n    x = 1\n    async def f():\n        [x for x in 'ab']\n        return x\n    return f\n"
    code = function(source)
    if "x" in code.co_varnames:
        with pytest.raises(Refused, match="two slots"):
            slot_names(code)
    else:
        assert slot_names(code)
