"""Where a program is cut: between its definitions and its run."""

from __future__ import annotations

from types import CodeType

import pytest

from hotswap.program import parts_of

DEFINES = "n = 0\ndef f(): return n\nclass A:\n    def m(self): return 1\n"


def cut(source: str) -> list[CodeType]:
    data = source.encode()
    return parts_of(data, "program.py", compile(data, "program.py", "exec", dont_inherit=True))


@pytest.mark.parametrize(
    "runs",
    [
        "if __name__ == '__main__':\n    f()\n",
        "if __name__ == '__main__':\n    f()\nafter = 1\n",
        "f()\n",
        "while f():\n    pass\n",
    ],
)
def test_what_comes_before_the_run_is_the_first_part(runs: str) -> None:
    first, rest = cut(DEFINES + runs)
    seen: dict[str, object] = {"__name__": "__main__"}
    exec(first, seen)
    assert {"n", "f", "A"} <= set(seen)
    assert "after" not in seen
    exec(rest, seen)
    assert ("after" in seen) == ("after" in runs)


@pytest.mark.parametrize("source", ["", "f()\n", DEFINES, "x = 1\n"])
def test_a_program_without_a_run_is_not_cut(source: str) -> None:
    assert cut(source) == []


def test_functions_are_those_of_the_whole() -> None:
    """The engine finds live functions by their code objects."""
    source = (
        DEFINES + "g = lambda: (lambda: 1)\nif __name__ == '__main__':\n    h = lambda: 2\n"
    ).encode()
    whole = compile(source, "program.py", "exec", dont_inherit=True)
    parts = parts_of(source, "program.py", whole)
    inner = [const for part in parts for const in part.co_consts if isinstance(const, CodeType)]

    assert [id(one) for one in inner] == [
        id(const) for const in whole.co_consts if isinstance(const, CodeType)
    ]


def test_future_statements_hold_in_both_parts() -> None:
    source = "from __future__ import annotations\nx = 1\nif __name__ == '__main__':\n    def f(a: Unknown): ...\n"
    first, rest = cut(source)
    seen: dict[str, object] = {"__name__": "__main__"}
    exec(first, seen)
    exec(rest, seen)

    assert seen["f"].__annotations__ == {"a": "Unknown"}  # type: ignore[attr-defined]
