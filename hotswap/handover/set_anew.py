"""Values that a swap sets anew, told from what the program has gathered: only the latter outlives an exec reload.

A swap runs statements of the file in the live program. What they set is written there: the next image makes it again,
or makes what is written by then. So it counts as imported. What the program had gathered before the swap, and has
still, goes on counting as gathered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hotswap.handover import places
from hotswap.handover.digests import changed, digest

if TYPE_CHECKING:
    from hotswap.handover.baseline import Baseline, Name
    from hotswap.live.journal import Journal


@dataclass(frozen=True, slots=True)
class Container:
    """A container, which may be filled further, by its identity."""

    ident: int


class SetAnew:
    """Follows one swap: `note` before it sets values of a module, `settle` when it holds, `forget` when it does not.

    `watch` does all three for a swap that has a journal.

    Args:
        baseline: What is known of the program's values; brought up to date.
    """

    def __init__(self, baseline: Baseline) -> None:
        self._baseline = baseline
        self._noted: set[str] = set()
        self._gathered: dict[Name, Any] = {}
        """Values that were others than import and start-up had left them, when the swap began."""
        self._meant: dict[Name, int] = {}
        """id(object) that each name that means one of the program meant when the swap began."""
        self._untouched: set[Container] = set()
        """Containers in which nothing was gathered: other modules, noted later, may know them, too."""

    def watch(self, module: str, journal: Journal) -> None:
        """See what the program has gathered in a module before a swap sets values there, and follow the swap."""
        self.note(module)
        journal.on_commit(self.settle)
        journal.undo(self.forget)

    def note(self, module: str) -> None:
        """See what the program has gathered in a module."""
        if module in self._noted:
            return
        self._noted.add(module)
        survey = self._baseline.survey(module)
        for key, (_, value) in survey.objects.items():
            self._meant[key] = id(value)
        for place, name, value in self._baseline.values(survey):
            mark = _mark(value)
            if changed(value, self._baseline.left(place, name)) and not self._is_untouched(mark):
                self._gathered[place, name] = mark
            elif type(mark) is Container:
                self._untouched.add(mark)

    def _is_untouched(self, mark: Any) -> bool:
        return type(mark) is Container and mark in self._untouched

    def settle(self) -> None:
        """The swap holds: what it has set counts as imported."""
        for module in self._noted:
            survey = self._baseline.survey(module)
            for key, (place, value) in survey.objects.items():
                if self._meant.get(key) != id(value):
                    self._baseline.means(key, place, value)
            for place, name, value in self._baseline.values(survey):
                if (place, name) in self._gathered:
                    if _same(self._gathered[place, name], _mark(value)):
                        continue
                if changed(value, self._baseline.left(place, name)):
                    self._baseline.imported.setdefault(place, {})[name] = digest(value)
                    self._baseline.started.get(place, {}).pop(name, None)
        self.forget()

    def forget(self) -> None:
        """The swap came to nothing."""
        self._noted.clear()
        self._gathered.clear()
        self._meant.clear()
        self._untouched.clear()


def _mark(value: Any) -> Any:
    """Give what a value is known by. Containers are not held: a swap lets all that holds a new one hold the old one."""
    return Container(id(value)) if type(value) in places.CONTAINERS else value


def _same(before: Any, now: Any) -> bool:
    return before is now or (type(before) is type(now) and bool(before == now))
