"""The program's values as import, and then start-up, left them: what differs from it by now was gathered."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from hotswap.handover import places
from hotswap.handover.digests import digest
from hotswap.handover.pickling import type_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from hotswap.handover.digests import Digest
    from hotswap.handover.places import Place, Survey

Name = tuple["Place", str]
"""A place, and a name in it."""


class Baseline:
    """What values were, by digest; nothing is held."""

    def __init__(self) -> None:
        self.names: frozenset[str] = frozenset()
        """Of the modules whose values are known."""
        self.imported: dict[Place, dict[str, Digest]] = {}
        self.started: dict[Place, dict[str, Digest]] = {}
        """Of values that start-up has set."""
        self.objects: dict[Name, tuple[Place, str]] = {}
        """What each name that means an object of the program meant after import: the object's place, and its type."""
        self._places: dict[int, Place] = {}
        """id(object of the program) -> its place, as long as it is there."""

    def remember(self, modules: Sequence[ModuleType]) -> None:
        """Remember all values of a program that has been imported."""
        self.names = frozenset(module.__name__ for module in modules)
        self._remember(places.survey(modules))

    def add(self, module: ModuleType) -> None:
        """Remember the values of a module that was imported later."""
        self.names |= {module.__name__}
        self._remember(self.survey(module.__name__))

    def _remember(self, survey: Survey) -> None:
        for key, (place, value) in survey.objects.items():
            self.means(key, place, value)
        for place, name, value in self.values(survey):
            self.imported.setdefault(place, {})[name] = digest(value)

    def means(self, key: Name, place: Place, value: Any) -> None:
        """Take it as written that a name means this object of the program."""
        self.objects[key] = (place, type_name(value))
        self._places[id(value)] = place

    def left(self, place: Place, name: str) -> Digest | None:
        """Give what start-up, else import, left; None where neither left anything."""
        return self.started.get(place, {}).get(name) or self.imported.get(place, {}).get(name)

    def values(self, survey: Survey) -> Iterator[tuple[Place, str, Any]]:
        """Give the plain values of all places of a survey."""
        for place, holder in survey.places:
            for name, value in places.items(place, holder, self.names).items():
                yield place, name, value

    def survey(self, module: str) -> Survey:
        """Find every place of one module, by the names they are known by: another may lead to an object first."""
        found = sys.modules.get(module)
        survey = places.survey([found] if found is not None else [], names=self.names)
        known: dict[Place, Place] = {}
        for place, value in survey.objects.values():
            at = self._places.get(id(value))
            if at is not None and places.holder_of(at) is value:
                known[place] = at
        return places.Survey(
            [(known.get(place, place), holder) for place, holder in survey.places],
            {
                (known.get(parent, parent), name): (known.get(place, place), value)
                for (parent, name), (place, value) in survey.objects.items()
            },
        )
