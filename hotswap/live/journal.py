"""The undo log of one swap: commit, or roll everything back.

Every write to a live object is preceded by its undo. Undos run newest first. What must happen only when the swap
holds (dropping references whose finalisers may run user code, clearing framework caches for good) is left for
commit.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FunctionType

MISSING: Final[Any] = type("MISSING", (), {"__repr__": lambda _: "MISSING", "__slots__": ()})()


def _put(kind: Any, container: Any, items: tuple[tuple[Any, Any], ...]) -> None:
    """Refill a dict past what a subclass makes of `clear` and ``[]=``."""
    kind.clear(container)
    for key, value in items:
        kind.__setitem__(container, key, value)


KINDS: Final = 0x20 | 0x80 | 0x200
"""CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR (Include/cpython/code.h)."""


@contextmanager
def changing_kind(old: CodeType, new: CodeType) -> Iterator[None]:
    """Keep CPython 3.13 from warning its user when a function becomes, say, a generator: it is what was edited."""
    if not (old.co_flags ^ new.co_flags) & KINDS:
        yield
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def put_code(function: FunctionType, code: CodeType) -> None:
    """Assign ``function.__code__``, whatever kind of function it makes of it."""
    with changing_kind(function.__code__, code):
        function.__code__ = code


class Journal:
    """Collects undos while a swap is carried out; exactly one of `commit` and `roll_back` ends it."""

    __slots__ = ("_codes", "_commits", "_undos")

    def __init__(self) -> None:
        self._codes: list[tuple[FunctionType, CodeType]] = []
        self._undos: list[Callable[[], object]] = []
        self._commits: list[Callable[[], object]] = []

    def undo(self, action: Callable[[], object]) -> None:
        """Register `action`, which puts back what is about to be changed. It must not raise."""
        self._undos.append(action)

    def on_commit(self, action: Callable[[], object]) -> None:
        """Register what happens once the swap holds."""
        self._commits.append(action)

    def setattr(self, obj: Any, name: str, value: Any) -> None:
        """Set an attribute so that it can be put back; on classes past any ``__setattr__`` of a metaclass."""
        if isinstance(obj, type):
            old = type.__getattribute__(obj, "__dict__").get(name, MISSING)
            if old is MISSING:
                self.undo(lambda: type.__delattr__(obj, name))
            else:
                self.undo(lambda: type.__setattr__(obj, name, old))
            type.__setattr__(obj, name, value)
            return
        try:
            old = object.__getattribute__(obj, name)
        except AttributeError:
            self.undo(lambda: object.__delattr__(obj, name))
        else:
            self.undo(lambda: object.__setattr__(obj, name, old))
        object.__setattr__(obj, name, value)

    def recode(self, function: FunctionType, code: CodeType) -> None:
        """Put `code` into a live function so that the old one can be put back."""
        self.keep_code(function, function.__code__)
        put_code(function, code)

    def keep_code(self, function: FunctionType, old: CodeType) -> None:
        """Let a function run its old code again before anything else is put back.

        Dicts and sets are put back by filling them: their keys must hash, and compare, as they did.
        """
        self._codes.append((function, old))

    def delattr(self, cls: type, name: str) -> None:
        """Delete an attribute from a class's own dict."""
        old = type.__getattribute__(cls, "__dict__")[name]
        self.undo(lambda: type.__setattr__(cls, name, old))
        type.__delattr__(cls, name)

    def setitem(self, mapping: dict[Any, Any], key: Any, value: Any) -> None:
        """Set one item; a rolled back new key leaves the order of the others as it was."""
        old = mapping.get(key, MISSING)
        if old is MISSING:
            self.undo(lambda: mapping.pop(key, None))
        else:
            self.undo(lambda: mapping.__setitem__(key, old))
        mapping[key] = value

    def content(self, container: Any) -> None:
        """Remember the content of a list, dict, set, deque or bytearray, order included.

        In tuples: who looks for the containers that hold an object must not take the journal's for one of them, and
        journal its change, and so on (a release of anyio took minutes).
        """
        if isinstance(container, dict):
            items = tuple(dict.items(container))
            kind = OrderedDict if isinstance(container, OrderedDict) else dict
            self.undo(lambda: _put(kind, container, items))
        elif isinstance(container, list):
            elements = tuple(list.copy(container))
            self.undo(lambda: list.__setitem__(container, slice(None), elements))
        elif isinstance(container, set):
            members = frozenset(set.copy(container))
            self.undo(lambda: (set.clear(container), set.update(container, members)))
        elif isinstance(container, bytearray):
            raw = bytes(container)
            self.undo(lambda: container.__setitem__(slice(None), raw))
        elif hasattr(container, "extend") and hasattr(container, "clear"):
            copied = tuple(container)
            self.undo(lambda: (container.clear(), container.extend(copied)))

    def commit(self) -> None:
        """The swap holds: forget the undos, do what waited for this."""
        self._undos.clear()
        self._codes.clear()
        commits, self._commits = self._commits, []
        for action in commits:
            action()

    def roll_back(self) -> None:
        """Put everything back, newest first."""
        self._commits.clear()
        while self._codes:
            put_code(*self._codes.pop())
        while self._undos:
            self._undos.pop()()
