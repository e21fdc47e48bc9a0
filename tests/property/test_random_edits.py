"""Random programs, edited at random and back, live as a fresh import would."""

from __future__ import annotations

import importlib
import itertools
import sys
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hotswap.swapper import Swapper

_numbers = itertools.count()
names = st.sampled_from(["a", "b", "c", "d"])
numbers = st.integers(0, 5)
statements = st.one_of(
    st.builds("{} = {}".format, names, numbers),
    st.builds("def {}(x={}):\n    return x + {}".format, names, numbers, numbers),
    st.builds(
        "class {}:\n    v = {}\n    def m(self):\n        return self.v * {}".format,
        names,
        numbers,
        numbers,
    ),
    st.builds("T.append({})".format, numbers),
    st.builds("if {} > 2:\n    {} = 'big'".format, numbers, names),
)
programs = st.lists(statements, max_size=8).map(lambda s: "T = []\n" + "\n".join(s) + "\n")


def plain(value: Any) -> Any:
    if isinstance(value, type):
        return ("class", value.__name__, value.v, value().m() if hasattr(value, "m") else None)
    return ("def", value()) if callable(value) else value


def view(module: Any) -> dict[str, Any]:
    return {k: plain(v) for k, v in vars(module).items() if k in ("a", "b", "c", "d", "T")}


def fresh(text: str) -> dict[str, Any]:
    space: dict[str, Any] = {"__name__": "fresh"}
    exec(text, space)
    return {k: plain(v) for k, v in space.items() if k in ("a", "b", "c", "d", "T")}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(programs, min_size=2, max_size=4))
@example(["T = []\nclass a:\n    v = 0\n", "T = []\nclass a:\n    v = 0\nclass a:\n    v = 2\n"])
@example(["T = []\ndef a(x=0): return x\n", "T = []\ndef a(x=0): return x\ndef a(x=2): return x\n"])
def test_edited_at_random(versions: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        name = f"random{next(_numbers)}"
        path = Path(folder, name + ".py")
        path.write_text(versions[0])
        sys.path.insert(0, folder)
        swapper = Swapper([folder])
        try:
            module = importlib.import_module(name)
            for text in [*versions[1:], versions[0]]:
                path.write_text(text)
                outcome = swapper.apply([path])
                assert outcome.fault is None, outcome.fault
                if outcome.ok:
                    assert view(module) == fresh(text), text
        finally:
            swapper.close()
            sys.path.remove(folder)
            sys.modules.pop(name, None)
