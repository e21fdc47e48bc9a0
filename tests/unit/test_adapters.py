"""Which adapters are active, third parties' included; the adapter that the reference shows works as it says."""

from __future__ import annotations

import re
import sys
import types
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hotswap.live import adapters
from hotswap.live.adapters import entries
from hotswap.live.adapters.base import Adapter, Ran, Refused
from hotswap.live.adapters.entries import Shelf, arrange, fits, made_by
from hotswap.live.adapters.identity import stand_in
from hotswap.live.journal import Journal
from tests.unit.adapters_driver import Driven, fresh

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "adapters.md"


class Point:
    """An entry point as ``importlib.metadata`` gives it."""

    def __init__(self, name: str, made: Any) -> None:
        self.name, self.value, self._made = name, f"{name}:Adapter", made

    def load(self) -> Any:
        if isinstance(self._made, Exception):
            raise self._made
        return self._made


@pytest.fixture
def points(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Point]]:
    """Entry points of the group, and a fresh state of the loader."""
    found: list[Point] = []
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: found)
    monkeypatch.setattr(adapters, "_asked", False)
    monkeypatch.setattr(adapters, "_loaded", [])
    monkeypatch.setattr(adapters, "problems", [])
    return found


@pytest.fixture
def bus(points: list[Point]) -> Iterator[types.ModuleType]:
    """The reference page's framework and its adapter, installed."""
    framework, adapter = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    module = types.ModuleType("bus")
    exec(framework, module.__dict__)
    sys.modules["bus"] = module
    names: dict[str, Any] = {"__name__": "bus_hotswap"}
    exec(adapter, names)
    points.append(Point("bus", names["BusAdapter"]))
    yield module
    del sys.modules["bus"]


APP = """
from bus import Bus
bus = Bus("one")

@bus.on("a")
def first(): return 1

@bus.on("a")
def second(): return 2
"""


@pytest.mark.usefixtures("bus")
@pytest.mark.parametrize(
    ("edit", "rebuilt"),
    [
        (('"a")\ndef first', '"b")\ndef first'), set()),
        (("def first(): return 1", "def first(x=9): return x"), set()),
        (("def second", "def zweite"), set()),
        (('bus = Bus("one")', 'bus = Bus("two")'), {"bus"}),
    ],
)
def test_the_adapter_of_the_reference(edit: tuple[str, str], rebuilt: set[str]) -> None:
    """Edits are followed in order, on the same bus, whose count goes on; compared with a fresh import."""
    live = Driven(APP)
    bus = live.bus
    assert bus.send("a") == [1, 2]
    for source in (APP.replace(*edit), APP, APP.replace(*edit)):
        live.edit(source)
        want = fresh(source, live.module.__name__).bus
        assert live.bus is bus
        assert bus.sent == 1
        assert bus.name == want.name
        assert [(event, f()) for event, f in bus.handlers] == [
            (event, f()) for event, f in want.handlers
        ]
        assert live.rebuilt == rebuilt


@pytest.mark.usefixtures("bus")
def test_a_failed_edit_leaves_it_alone() -> None:
    live = Driven(APP)
    was = list(live.bus.handlers)
    with pytest.raises(ZeroDivisionError):
        live.edit(APP.replace('"a"', '"b"') + "\n1 / 0\n")
    assert live.bus.handlers == was


def test_not_asked_before_its_framework_is_imported(points: list[Point]) -> None:
    class Early(Adapter):
        module = "never_imported"

        def owns(self, obj: object) -> bool:
            raise AssertionError

        checkpoint = in_place = reset = adopt = settle = owns  # type: ignore[assignment]

    points.append(Point("early", Early))
    assert not any(type(a).__name__ == "Early" for a in adapters.active())
    assert adapters.problems == []


def test_not_while_the_program_imports_its_framework(monkeypatch: pytest.MonkeyPatch) -> None:
    """An adapter imports parts of it, and two import locks on two threads would break the program's own import."""
    import flask.sansio.app  # noqa: F401

    half = types.ModuleType("flask")
    half.__spec__ = ModuleSpec("flask", None)
    monkeypatch.setitem(sys.modules, "flask", half)
    monkeypatch.setattr(adapters, "_made", {})
    setattr(half.__spec__, "_initializing", True)  # noqa: B010 -- importlib's own
    adapters.active()
    assert "flask.sansio.app" not in adapters._made
    setattr(half.__spec__, "_initializing", False)  # noqa: B010
    adapters.active()
    assert "flask.sansio.app" in adapters._made


@pytest.mark.parametrize("broken", [ImportError("no module"), object, lambda: 1 / 0])
def test_a_broken_adapter_is_named_and_left_out(points: list[Point], broken: Any) -> None:
    """It costs its framework, not the session."""
    points.append(Point("broken", broken))
    adapters.active()
    [problem] = adapters.problems
    assert "'broken'" in problem
    adapters.active()
    assert len(adapters.problems) == 1


def test_third_parties_come_first(bus: types.ModuleType) -> None:
    assert adapters.active()[0].module == "bus"
    assert adapters.owner(bus.Bus(), adapters.active()) is adapters.active()[0]
    assert adapters.owner(object(), adapters.active()) is None


def test_defaults() -> None:
    """An adapter that derives from the protocol need not say what it does not do."""

    class Least(Adapter):
        module = "least"

        def owns(self, obj: object) -> bool:
            return False

        def checkpoint(self, obj: Any, journal: Journal) -> None: ...
        def in_place(self, obj: Any, token: Any, ran: Ran) -> bool:
            return False

        def reset(self, obj: Any) -> None: ...
        def adopt(self, old: Any, new: Any, token: Any, journal: Journal) -> None: ...
        def settle(self, obj: Any, token: Any, ran: Ran) -> bool:
            return False

    least = Least()
    assert (least.fixed(0), least.refusal(0, {}), least.copies()) == ("", "", False)
    assert (list(least.served(0)), list(least.templates({}))) == ([], [])
    assert least.state == frozenset()


# Entries, without any framework: a shelf of functions named after their definitions.


def entry(name: str, module: str = "m") -> Any:
    def function() -> None: ...

    function.__module__, function.__qualname__ = module, name
    return function


def shelf(entries_: list[Any], *, backwards: bool = False) -> Shelf:
    return Shelf(entries_, made_by, backwards=backwards)


def ran(ran_: str = "", removed: str = "", order: str = "") -> Ran:
    names = ["" if name == "." else name for name in order.split()]
    return Ran("m", set(ran_.split()), set(removed.split()), names, replayed=False)


def spelled(entries_: list[Any]) -> str:
    return " ".join(e.__qualname__ for e in entries_)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(
    ("old", "added", "what", "want"),
    [
        ("a b c", "b", ran("b", "", "a b c"), "a b c"),
        ("a b c", "b b", ran("b", "", "a b c"), "a b b c"),
        ("a b c", "d", ran("d", "", "a d b c"), "a d b c"),
        ("a b c", "d", ran("d", "", "d a b c"), "d a b c"),
        ("a b c", "", ran("", "b", "a c"), "a c"),
        ("a b c", "", ran("", "", "c a b"), "c a b"),
        ("a b c", "", ran("b", "", "a b c"), "a c"),
        ("", "d", ran("d", "", "d"), "d"),
        ("x a b", "d", ran("d", "", ". a d b"), "x a d b"),
        ("a x b", "b", ran("b", "", "a . b"), "a x b"),
    ],
)
def test_entries_are_arranged(old: str, added: str, what: Ran, want: str, backwards: bool) -> None:
    """Replaced where they stood, new ones between their neighbours, removed ones gone; also where new ones go first."""
    before = [entry(name) for name in old.split()]
    after = [entry(name) for name in added.split()]
    if backwards:
        before.reverse()
        now = [*reversed(after), *before]
    else:
        now = [*before, *after]
    one = shelf(now, backwards=backwards)
    assert fits([(one, before)], what)
    assert arrange(one, before, what)
    assert spelled(one.in_order()) == want
    assert before == now


def test_two_modules_settle_one_after_the_other() -> None:
    """What another module added waits at the end for its own turn."""
    before = [entry("a"), entry("x", "n"), entry("b")]
    one = shelf([*before, entry("a"), entry("x", "n")])
    mine, theirs = ran("a", "", "a b"), Ran("n", {"x"}, set(), ["x"], replayed=False)
    assert arrange(one, before, mine)
    assert spelled(one.entries) == "a x b x"
    assert arrange(one, before, theirs)
    assert spelled(one.entries) == "a x b"


@pytest.mark.parametrize(
    ("old", "what"),
    [
        ("a b", ran("b", "", "a b b")),  # a name defined twice
        ("a x b", ran("", "", "b . a")),  # moved across another statement
        ("x a", ran("d", "", ". d . a")),  # between two other statements
        ("x", ran("d", "", "d")),  # the only one, and who knows where x comes from
    ],
)
def test_open_places_are_not_guessed(old: str, what: Ran) -> None:
    """A rebuild puts them right."""
    before = [entry(name) for name in old.split()]
    assert not fits([(shelf(list(before)), before)], what)


def test_made_by() -> None:
    import functools

    assert made_by(functools.partial(entry("f"), 1)) == ("m", "f")
    assert made_by(Driven) == (Driven.__module__, "Driven")
    assert made_by(Driven("").edit) == (Driven.__module__, "Driven.edit")
    assert made_by(3) is None
    assert entries.always(3)


def test_stand_in_reaches_what_holds_the_other() -> None:
    """Lists, dicts, cells, attributes and slots; and puts all back."""

    class Slotted:
        __slots__ = ("held",)

    class Plain:
        pass

    old, new = Plain(), Plain()
    slotted, plain = Slotted(), Plain()
    slotted.held = plain.held = new
    listed, keyed = [1, new], {"k": new}

    def closure(held: Any = None) -> Any:
        cell = new

        return lambda: cell

    close = closure()
    journal = Journal()
    stand_in(old, new, journal)
    assert slotted.held is plain.held is listed[1] is keyed["k"] is close() is old
    journal.roll_back()
    assert slotted.held is plain.held is listed[1] is keyed["k"] is close() is new


def test_refused_is_a_verdict() -> None:
    assert str(Refused("because")) == "because"
