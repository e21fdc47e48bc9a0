"""What the program gathered stays when statements fill an object anew; all else follows the file."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest

from hotswap.live.gathered import Gathering, Held, rebased, record, unchanged
from hotswap.live.journal import Journal
from hotswap.live.pairs import Pairs

OURS = frozenset({__name__})


class Room:
    def __init__(self, name: str) -> None:
        self.name = name
        self.log: list[str] = []


def merged(was: Any, live: Any, new: Any) -> Any:
    """Merge, and see that rolling back undoes it."""
    journal = Journal()
    before = repr(live)
    Gathering(journal, Pairs()).merge(was, live, new)
    journal.roll_back()
    assert repr(live) == before
    Gathering(Journal(), Pairs()).merge(was, live, new)
    return live


@pytest.mark.parametrize(
    ("was", "live", "new", "expected"),
    [
        ({"a": 1}, {"a": 1, "mine": 9}, {"a": 2}, {"a": 2, "mine": 9}),
        ({"a": 0}, {"a": 5}, {"a": 0, "b": 1}, {"a": 5, "b": 1}),
        ({"a": 1, "b": 1}, {"b": 1}, {"a": 1, "b": 1}, {"b": 1}),
        ({"a": 1, "b": 1}, {"a": 1, "b": 1}, {"b": 1}, {"b": 1}),
        ([1, 2], [1, 2, 9], [1, 3], [1, 3, 9]),
        ([1, 2], [9, 1, 2], [0, 1, 2], [9, 0, 1, 2]),
        ([1, 2, 3], [1, 9, 3], [1, 2, 3, 4], [1, 9, 3, 4]),
        ([1, 1], [1, 1, 1], [1, 1], [1, 1, 1]),
        ({1, 2}, {2, 9}, {1, 2, 3}, {2, 3, 9}),
        (deque([1]), deque([1, 9]), deque([2]), deque([2, 9])),
        ({"a": [1]}, {"a": [1, 9]}, {"a": [2]}, {"a": [2, 9]}),
    ],
)
def test_three_states_are_merged(was: Any, live: Any, new: Any, expected: Any) -> None:
    known = record(was, OURS)
    if isinstance(was, dict) and isinstance(was.get("a"), list):
        live["a"] = was["a"] = live["a"]
        known = Held(id(live), dict, {"a": Held(id(live["a"]), list, [1])})

    assert merged(known, live, new) == expected


def test_an_instance_takes_the_new_attributes_and_keeps_what_it_gathered() -> None:
    rooms = {"a": Room("a")}
    known = record(rooms, OURS)
    live = rooms["a"]
    live.log.append("hi")
    new = Room("a")
    new.name = "A"

    merged(known, rooms, {"a": new})

    assert rooms["a"] is live
    assert (live.name, live.log) == ("A", ["hi"])


def test_what_a_statement_goes_on_to_add_is_the_statements() -> None:
    registry = {"a": 1, "mine": 9}
    known = Held(id(registry), dict, {"a": 1})
    before = record(registry, OURS)
    registry["b"] = 2

    now = rebased(known, before, registry, OURS)

    assert now.items == {"a": 1, "b": 2}
    assert not unchanged(now, registry)


def test_a_record_keeps_nothing_alive_but_short_plain_values() -> None:
    text = "x" * 5000
    held = record({"long": text, "short": 1}, OURS)

    assert isinstance(held.items["long"], Held)
    assert held.items["short"] == 1
