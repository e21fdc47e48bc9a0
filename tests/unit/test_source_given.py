"""What a function does at once with what it is given."""

from __future__ import annotations

import ast

import pytest

from hotswap.source.given import calls_of_given


def given(text: str) -> list[tuple[str, bool]]:
    return calls_of_given(ast.parse(text).body[0])


@pytest.mark.parametrize(
    "text",
    [
        "def f(g): return g()",
        "async def f(g): return await g(1)",
        "def f(*gs): return [g() for g in gs]",
        "def f(gs):\n  for g in gs: g()",
        "def f(g):\n  h = g\n  h()",
        "def f(table): return table['a'](1)",
        "def f(*, g): return len([g(1)])",
    ],
)
def test_it_calls_what_it_is_given(text: str) -> None:
    assert (False in {handed for _, handed in given(text)}) is True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f(g): return Bus(g)", [("Bus", True)]),
        ("def f(g): return sorted([1], key=g)", [("sorted", True)]),
        ("def f(g): return make([g, *g])", [("make", True)]),
        ("def f(g): hooks.append(g)", []),
        ("def f(g):\n  def inner(): return g()\n  return inner", []),
        ("def f(g): return lambda: g()", []),
        ("def f(g): registry['a'] = g", []),
        ("f = 1", []),
    ],
)
def test_it_keeps_it_or_hands_it_on(text: str, expected: list[tuple[str, bool]]) -> None:
    assert given(text) == expected
