"""What statements do without spelling it plainly: names as strings, calls in blocks, special methods."""

from __future__ import annotations

import ast

import pytest

from hotswap.source import special
from hotswap.source.blocks import calls_in, goes_as_far
from hotswap.source.units import Text


def scan(source: str) -> tuple[set[str], set[str], set[str]]:
    """Give what a statement binds, reads and deletes."""
    found = Text("m.py", source.encode()).units[0].scan
    return set(found.binds), found.reads, found.deletes


@pytest.mark.parametrize(
    ("source", "bound"),
    [
        ('globals()["X"] = 1', {"X"}),
        ('vars()["X"] = locals()["Y"] = 1', {"X", "Y"}),
        ("globals().update(X=1, Y=2)", {"X", "Y"}),
        ('setattr(sys.modules[__name__], "X", 1)', {"X"}),
        ("sys.modules[__name__].X = 1", {"X"}),
        ("globals()[name] = 1", set()),
        ("globals().update(others)", set()),
        ('setattr(other, "X", 1)', set()),
        ('vars(other)["X"] = 1', set()),
    ],
)
def test_names_spelled_as_strings_are_bound(source: str, bound: set[str]) -> None:
    assert scan(source)[0] == bound


def test_names_spelled_as_strings_are_read_and_deleted() -> None:
    assert "X" in scan('Y = globals()["X"]')[1]
    assert "X" in scan("Y = sys.modules[__name__].X")[1]
    assert scan('del globals()["X"]')[2] == {"X"}


BLOCK = """
for h in handlers:
    with lock:
        log.addHandler(h)
    if fast:
        log.a()
    else:
        log.b()
try:
    pass
finally:
    log.c()
match 1:
    case 1:
        log.d()
def later():
    log.e()
async def waits():
    pass
"""


def spelled(source: str, way: bool | None) -> list[str]:
    """Give the calls in blocks; `way` is how each ``if`` is judged."""
    body = ast.parse(source).body
    return [ast.unparse(c.call) for n in body for c in calls_in(n, judge=lambda _: way)]


@pytest.mark.parametrize(
    ("way", "branch"), [(None, ["log.a()", "log.b()"]), (True, ["log.a()"]), (False, ["log.b()"])]
)
def test_calls_in_blocks(way: bool | None, branch: list[str]) -> None:
    assert spelled(BLOCK, way) == ["log.addHandler(h)", *branch, "log.c()", "log.d()"]


@pytest.mark.parametrize(
    ("old", "new", "far"),
    [
        ("for x in a: f(x)", "for x in a: f(x)", True),
        ("for x in [1, 2]: f(x)", "for x in [1, 2, 3]: f(x)", True),
        ("for x in [1, 2]: f(x)", "for x in [1]: f(x)", False),
    ],
)
def test_whether_a_loop_goes_as_far(old: str, new: str, far: bool) -> None:
    (was,), (now,) = (calls_in(ast.parse(source).body[0]) for source in (old, new))
    assert goes_as_far(now, was) is far


@pytest.mark.parametrize(
    ("source", "name", "methods"),
    [
        ("T = a + 1", "a", {"__add__"}),
        ("T = 1 + a", "a", {"__radd__"}),
        ("T = -a", "a", {"__neg__"}),
        ("T = len(a)", "a", {"__len__"}),
        ("T = f'{a}'", "a", {"__format__", "__str__"}),
        ("T = a < b", "a", {"__lt__"}),
        ("T = a[0]", "a", {"__getitem__"}),
        ("T = 1 in a", "a", {"__contains__"}),
        ("T = a()", "a", {"__call__"}),
        ("T = not a", "a", {"__bool__"}),
        ("T = [x for x in a]", "a", {"__iter__"}),
        ("with a as T: pass", "a", {"__enter__", "__exit__"}),
        ("T = sum(a)", "a", {"__add__", "__iter__"}),
    ],
)
def test_special_methods_that_are_called(source: str, name: str, methods: set[str]) -> None:
    called = special.called_by(ast.parse(source).body[0])
    assert methods <= called.get(name, set())
