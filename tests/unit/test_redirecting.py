"""live/redirecting.py: whoever holds a throw-away object is found, without a walk over the heap where counts add up."""

from __future__ import annotations

import gc
from types import FunctionType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from hotswap.live import redirecting

if TYPE_CHECKING:
    from collections.abc import Iterator


def made() -> FunctionType:
    """Give a function that nobody holds yet."""

    def new() -> None:
        """Do nothing."""

    return new  # type: ignore[return-value]


class Slotted:
    """Holds one object without a dict."""

    __slots__ = ("held",)

    def __init__(self, held: Any) -> None:
        self.held = held


@pytest.fixture
def old() -> Iterator[list[Any]]:
    """Give a list of the oldest generation, in a process whose collector rests as it does while a swap runs."""
    aged: list[Any] = []
    gc.collect()
    gc.disable()
    yield aged
    gc.enable()


@pytest.fixture
def walks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Give the number of objects that each walk over the heap was asked for."""
    found: list[int] = []
    real = gc.get_referrers
    counting = SimpleNamespace(
        get_objects=gc.get_objects,
        get_referents=gc.get_referents,
        get_referrers=lambda *asked: (found.append(len(asked)), real(*asked))[1],
    )
    monkeypatch.setattr(redirecting, "gc", counting)
    return found


def kinds(news: list[Any]) -> list[str]:
    """Give what sorts of objects hold `news`, their own list left out."""
    return sorted(type(h).__name__ for h in redirecting._holders(news) if h is not news)


def test_young_holders_of_every_sort(old: list[Any], walks: list[int]) -> None:
    """Containers, namespaces, slots and cells that were made in the swap are found without a walk."""
    news: list[Any] = [made()]
    young = [{"a": news[0]}, (news[0], 1), {news[0]}, Slotted(news[0])]
    held = news[0]

    def closing() -> object:
        return held

    assert kinds(news) == ["Slotted", "cell", "dict", "set", "tuple"]
    assert not walks
    assert young
    assert closing
    assert not old


def test_an_old_holder_is_walked_for(old: list[Any], walks: list[int]) -> None:
    """A list that is older than the swap took one of two objects: only that one is asked of the heap."""
    news: list[Any] = [made(), made()]
    young = {"a": news[0]}
    old.append(news[1])
    holders = redirecting._holders(news)
    assert any(h is old for h in holders)
    assert sum(h is young for h in holders) == 1
    assert walks == [1]


def test_classes_too(old: list[Any], walks: list[int]) -> None:
    """A class is referred to by its own tuples and descriptors; its holders, young and old, are found all the same."""
    news: list[Any] = [type("New", (), {}), made()]
    young = [news[0]]
    assert any(h is young for h in redirecting._holders(news))
    assert not walks
    old.append(news[0])
    holders = redirecting._holders(news)
    assert any(h is young for h in holders)
    assert any(h is old for h in holders)
    assert walks == [1]
