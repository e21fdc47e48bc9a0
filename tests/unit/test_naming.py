"""What the names of all modules hold, gone through once."""

from __future__ import annotations

from types import ModuleType

import pytest

from hotswap.live.loaded import Loaded
from hotswap.live.naming import Names

FIRST = "import second\nLIMIT = 3\nTABLE = [1]\ndef own(): ...\n"
SECOND = "KEPT = {2}\ndef theirs(): ...\n"


@pytest.fixture(name="loaded")
def _loaded(monkeypatch: pytest.MonkeyPatch) -> dict[str, Loaded]:
    import sys

    found = {}
    for name, source in (("second", SECOND), ("first", FIRST)):
        module = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(compile(source, f"{name}.py", "exec"), module.__dict__)
        found[name] = Loaded(name, module, f"/{name}.py", f"{name}.py", source.encode())
    found["first"].names["taken"] = found["second"].names["theirs"]
    return found


def held(names: Names, *kinds: type) -> list[tuple[str, str]]:
    return [(entry.name, name) for entry, name, _ in names.of(*kinds) if name != "__builtins__"]


def test_names_are_found_by_the_kind_of_what_they_hold(loaded: dict[str, Loaded]) -> None:
    names = Names(loaded)

    assert held(names, list, set) == [("first", "TABLE"), ("second", "KEPT")]
    assert held(names, ModuleType) == [("first", "second")]


def test_a_function_is_found_where_it_is_not_at_home(loaded: dict[str, Loaded]) -> None:
    assert held(Names(loaded), type(held)) == [("first", "taken")]


def test_plain_values_interest_nobody(loaded: dict[str, Loaded]) -> None:
    names = Names(loaded)

    assert held(names, int, str) == []
    assert not any(type(one) in (int, str) for one in names.samples())


def test_a_name_that_means_something_else_by_now_is_passed_over(loaded: dict[str, Loaded]) -> None:
    names = Names(loaded)
    assert held(names, list) == [("first", "TABLE")]

    loaded["first"].names["TABLE"] = 3

    assert held(names, list) == []


def test_names_bound_since_are_found_once_it_is_told(loaded: dict[str, Loaded]) -> None:
    names = Names(loaded)
    assert held(names, list) == [("first", "TABLE")]

    loaded["second"].names["LATE"] = []
    names.forget()

    assert held(names, list) == [("second", "LATE"), ("first", "TABLE")]
