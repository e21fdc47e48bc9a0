"""The decision table and what stands before it: units, diff, plan."""

from __future__ import annotations

import pytest

from hotswap.source.plan import plan_module
from hotswap.source.units import Text


def plan(old: str, new: str, *, names: dict[str, object] | None = None):
    from hotswap.live.rerun.branches import judge_by

    judge = judge_by(names or {})
    return plan_module(Text("m.py", old.encode()), Text("m.py", new.encode()), judge, judge)


@pytest.mark.parametrize(
    ("old", "new", "rung"),
    [
        ("x = 1\n", "# c\n\nx = 1\n", "noop"),
        ("def f(): return 1\n", "def f(): return 2\n", "patch"),
        ("def f(a): return 1\n", "def f(a, b=1): return 1\n", "reexec"),
        ("class A:\n  def f(self): return 1\n", "class A:\n  def f(self): return 2\n", "patch"),
        ("class A:\n  x = 1\n", "class A:\n  x = 2\n", "reexec"),
        ("f = lambda: 1\n", "f = lambda: 2\n", "patch"),
        ("x = sorted([1], key=lambda v: v)\n", "x = sorted([1], key=lambda v: -v)\n", "reexec"),
        (
            "try:\n  def f(): return 1\nexcept E: pass\n",
            "try:\n  def f(): return 2\nexcept E: pass\n",
            "patch",
        ),
        (
            "def f(): return 1\ndef g(): return 2\n",
            "def g(): return 2\ndef f(): return 1\n",
            "noop",
        ),
        ("x = 1\n", "", "reexec"),
        ("def f(): return 1\n", "def f(): yield 1\n", "reexec"),
    ],
)
def test_each_edit_has_its_rung(old: str, new: str, rung: str) -> None:
    assert plan(old, new).rung == rung


def test_branches_not_taken_are_not_there() -> None:
    made = plan(
        "if FLAG:\n  a = 1\nelse:\n  b = 1\n",
        "if FLAG:\n  a = 1\nelse:\n  b = 2\n",
        names={"FLAG": True},
    )
    assert made.rung == "noop"
    assert [u.label for u in made.before] == ["a"]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("import threading\nthreading.Thread().start()\n", "import threading\n", "starts"),
        (
            "import atexit\natexit.register(f)\n",
            "import atexit\natexit.register(g)\n",
            "exit function",
        ),
        (
            "from atexit import register\nregister(f)\n",
            "from atexit import register\n",
            "exit function",
        ),
        ("t = T(1)\nt.start()\n", "t = T(2)\nt.start()\n", "t changed"),
    ],
)
def test_effects_that_cannot_be_undone(old: str, new: str, why: str) -> None:
    assert why in plan(old, new).refusal


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfx = '\xc3\xa9'\n",
        b"# coding: latin-1\nx = '\xe9'\n",
        b"x = '\xc3\xa9'\r\ny = 1\r\n",
        b"x = '\xc3\xa9'\n\x0cy = 1\n",
    ],
    ids=["bom", "cookie", "crlf", "form feed"],
)
def test_read_as_python_reads_it(data: bytes) -> None:
    text = Text("m.py", data)
    assert text.tree.body[0].value.value == "\xe9"  # type: ignore[attr-defined]
    assert "x = " in text.units[0].segment


def test_fingerprints_say_nothing_of_positions() -> None:
    one, two = (Text("m.py", s).units[-1] for s in (b"x = (1)\n", b"\n\nx = 1  # c\n"))
    assert one.fingerprint == two.fingerprint
    assert one.line != two.line
