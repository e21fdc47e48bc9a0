"""The user's state across execve: a three-way merge of plain data, put back in place, value by value.

Right after import every plain value is remembered by digest. Leaving, only what differs from that digest is carried:
an edited constant wins over the old value, gathered data wins over the file. Waking: import, remember, put back, serve.
What start-up sets is merged against what start-up had set, and put back after start-up.

Values keep their identity: a dict that another value refers to is the same dict afterwards. That is done with the
pickle memo alone: every container of a place is known to the pickler before it begins, and is written as a reference.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import logging
from typing import TYPE_CHECKING, Any

from hotswap import hooks
from hotswap.handover import children, migrations, places, putting
from hotswap.handover.baseline import Baseline
from hotswap.handover.digests import Digest, changed, digest
from hotswap.handover.pickling import Entry, Stream, shaped, type_name
from hotswap.handover.places import CONTAINERS, Place, Survey
from hotswap.handover.putting import short
from hotswap.handover.set_anew import SetAnew
from hotswap.handover.unpickling import Loader, tidy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import ModuleType

    from hotswap.handover.carrier import Writer
    from hotswap.wire.records import Manifest
    from hotswap.wire.registry import Registry

log = logging.getLogger("hotswap")


@contextlib.contextmanager
def _no_collections() -> Iterator[None]:
    """Switch the cyclic collector off: it would walk the growing heap again and again (3.3 s -> 2.0 s)."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class State:
    """What the program has gathered since it was imported. One per process."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._followed: Sequence[ModuleType] = ()
        self.baseline = Baseline()
        self.set_anew = SetAnew(self.baseline)
        self._born: frozenset[Place] = frozenset()
        """Places of objects that start-up has made."""
        self._resources: set[tuple[Place, str]] = set()
        """Names of plain values in which start-up has put something that is none: it will do so again."""
        self._put_back: dict[tuple[Place, str], Digest] = {}
        self._late: list[tuple[Entry, Any]] = []
        self._waiting: dict[str, list[tuple[Entry, Any]]] = {}
        """By module: what is put back once somebody imports it (a plug-in, an import in a function)."""
        self._awaited: Mapping[tuple[Place, str], Any] = {}
        """The anchors of those."""
        self._anchors: Mapping[tuple[Place, str], Any] = {}
        registry.before_adoption.append(self._after_startup)

    # Remembering.

    def remember(self, modules: Sequence[ModuleType]) -> None:
        """Remember all plain values as import left them."""
        self._followed = modules
        self.baseline.remember(modules)

    def joined(self, module: ModuleType, modules: Sequence[ModuleType]) -> None:
        """Remember a module that was imported after the app as import left it, and put back what waited for it.

        Args:
            module: It has just run.
            modules: All tracked modules.
        """
        self._followed = modules
        self.baseline.add(module)
        for entry, held in self._waiting.pop(module.__name__, ()):
            note = self._put(entry, held, self._awaited)
            if note:
                self._registry.arrivals.lose(note)
                continue
            anchor = self._awaited.get((entry.place, entry.name))
            value = self._value_of(entry)
            if entry.filled and anchor is not None and anchor is not value:
                putting.fill(anchor, held)  # other carried values hold it
            self._note_put(entry, value)

    def _after_startup(self) -> None:
        """Note what start-up has set, and put carried values over it. Called before each listener's adoption."""
        if self._registry.served:
            self._late.clear()
            self._anchors = {}
            return  # a listener opened later: what differs by now is gathered data
        baseline = self.baseline
        baseline.started.clear()
        survey = places.survey(self._followed)
        imported = {place for place, _ in baseline.objects.values()}
        for key, (place, value) in survey.objects.items():
            if key not in baseline.objects:
                baseline.means(key, place, value)
        self._born = frozenset(place for place, _ in baseline.objects.values()) - imported
        for place, name, value in baseline.values(survey):
            before = self._put_back.get((place, name)) or baseline.imported.get(place, {}).get(name)
            if changed(value, before):
                baseline.started.setdefault(place, {})[name] = digest(value)
        self._resources = {(place, name) for place, name, _ in self._not_plain(survey)}
        for entry, held in self._late:
            if entry.name in baseline.started.get(entry.place, {}) or entry.place in self._born:
                note = self._put(entry, held, self._anchors)
                if note:
                    self._registry.arrivals.lose(note)

    def _not_plain(self, survey: Survey) -> Iterable[tuple[Place, str, Any]]:
        """Give names that were plain values after import, and now mean something that cannot be carried."""
        for place, holder in survey.places:
            if place.kind != "module":
                continue
            plain = places.items(place, holder, self.baseline.names)
            for name in self.baseline.imported.get(place, {}):
                value = vars(holder).get(name)
                if name not in plain and value is not None:
                    if not places.own_object(value, self.baseline.names):
                        yield place, name, value

    # Leaving.

    def late_changes(self, modules: Sequence[ModuleType]) -> list[tuple[Entry, Any]]:
        """Give changed values that start-up had set. Call before the old program shuts down, which tears them down."""
        self.baseline.names = frozenset(module.__name__ for module in modules)
        survey = places.survey(modules, self._aliases())
        return [
            (entry, shaped(entry, value)) for entry, value in self._changes(survey) if entry.late
        ]

    def _aliases(self) -> frozenset[tuple[Place, str]]:
        """Give the names that meant an object which another name meant before."""
        return frozenset(
            (parent, name)
            for (parent, name), (place, _) in self.baseline.objects.items()
            if place != _place_below(parent, name)
        )

    def _anew(self, survey: Survey) -> set[Place]:
        """Give the places of objects that are carried as a whole."""
        return {
            place
            for (parent, name), (place, value) in survey.objects.items()
            if (entry := self._bound_anew(parent, name, place, value)) is not None and entry.filled
        }

    def _changes(self, survey: Survey) -> Iterable[tuple[Entry, Any]]:
        anew = self._anew(survey)
        for (parent, name), (place, value) in survey.objects.items():
            entry = self._bound_anew(parent, name, place, value)
            if entry is not None and not _within(parent, anew):
                yield entry, value
        for place, name, value in self.baseline.values(survey):
            if place.kind == "object" and _within(place, anew):
                continue
            late = self.baseline.started.get(place, {}).get(name)
            before = self.baseline.imported.get(place, {}).get(name)
            if changed(value, late or before):
                was = before.type if before is not None else ""
                filled = type_name(value) if type(value) in CONTAINERS else ""
                yield (
                    Entry(place, name, was, late is not None or place in self._born, filled),
                    value,
                )

    def _bound_anew(self, parent: Place, name: str, place: Place, value: Any) -> Entry | None:
        """Give the entry of a name that means another object of the program than import, or start-up, gave it.

        What it means now is carried as a whole; a name that means the object of another name, as a reference.
        """
        known = self.baseline.objects.get((parent, name))
        if known == (place, type_name(value)):
            return None
        before = self.baseline.imported.get(parent, {}).get(name)
        was = known[1] if known is not None else before.type if before is not None else ""
        own = place == _place_below(parent, name)
        late = known is not None and known[0] in self._born
        return Entry(parent, name, was, late, type_name(value) if own else "")

    def write(
        self,
        writer: Writer,
        modules: Sequence[ModuleType],
        carried: frozenset[int],
        late: Sequence[tuple[Entry, Any]] = (),
    ) -> list[str]:
        """Write what has changed since import; give a line for each thing that could not be carried.

        Args:
            writer: The carrier.
            modules: Tracked modules.
            carried: Identities of the connections that cross execve.
            late: What `late_changes` gave before shut-down.
        """
        self.baseline.names = frozenset(module.__name__ for module in modules)
        stream = Stream(self._registry, carried, self.baseline.names)
        entries = list(late)
        survey = places.survey(modules, self._aliases())
        for (parent, name), (place, value) in survey.objects.items():
            if place == _place_below(parent, name):
                stream.anchor(parent, name, value)
        for place, name, value in self._not_plain(survey):
            if (place, name) not in self._resources and not callable(value):
                stream.lost.append(
                    f"{place}.{name}: a {short(type_name(value))} is not carried, the new code makes its own"
                )
        anew = self._anew(survey)
        for place, holder in survey.places:
            if place.kind == "object":
                stream.anchor(place, "", holder)
                if _within(place, anew):
                    continue  # what it holds is written with it
            for name, value in places.items(place, holder, self.baseline.names).items():
                if type(value) in CONTAINERS:
                    stream.anchor(place, name, value)
        for entry, value in self._changes(survey):
            if not entry.late:
                entries.append((entry, shaped(entry, value)))
        for entry, held in (pair for each in self._waiting.values() for pair in each):
            anchor = self._awaited.get((entry.place, entry.name))
            if entry.filled and anchor is not None:
                stream.anchor(entry.place, entry.name, anchor)
            entries.append((entry, held))  # nobody has imported its module in this image
        for (module, name), value in hooks.runtime.kept.items():
            place = Place(module, "keep")
            filled = type(value) in CONTAINERS or places.own_object(value, self.baseline.names)
            entry = Entry(place, name, filled=type_name(value) if filled else "")
            if filled:
                stream.anchor(place, name, value)
            entries.append((entry, shaped(entry, value)))
        for connection, _, _ in self._registry.connections():
            if connection.memory and connection.id in carried:
                place = Place(str(connection.id), "memory")
                stream.anchor(place, "", connection.memory)
                entry = Entry(place, "", filled=type_name(connection.memory))
                entries.append((entry, shaped(entry, connection.memory)))
        with _no_collections():
            stream.write(writer, entries)
        return stream.lost

    # Waking.

    def restore(self, manifest: Manifest | None, modules: Sequence[ModuleType]) -> tuple[str, ...]:
        """Put carried values back in place; give lines worth telling. Call after `remember`, before serving."""
        if manifest is None:
            return ()
        if manifest.children:
            reap = functools.partial(children.reap, manifest.children)
            self._registry.before_adoption.append(reap)
        if manifest.fresh or not len(manifest.state):
            return manifest.notes
        self.baseline.names = frozenset(module.__name__ for module in modules)
        made_by_import = migrations.instances()
        self._followed = modules
        loader = Loader(self._registry, manifest.state)
        notes = list(manifest.notes)
        try:
            with _no_collections():
                entries = loader.read()
        except Exception as error:
            log.exception("the carried state cannot be read")
            return (*notes, f"state dropped: {error!r}")
        notes += loader.notes
        modules = (
            self._followed
        )  # what is read names classes of modules that nobody had imported yet
        self._anchors = self._awaited = loader.anchors
        for entry, held in entries:
            if places.may_come(entry.place):
                self._waiting.setdefault(entry.place.module, []).append((entry, held))
                if entry.late:
                    self._late.append((entry, held))
                continue
            if entry.late and places.holder_of(entry.place) is None:
                self._late.append((entry, held))  # start-up makes what holds it
                continue
            note = self._put(entry, held, loader.anchors)
            if note:
                notes.append(note)
                continue
            if entry.late:
                self._late.append((entry, held))
        if loader.losses or self._registry.arrivals.standing:
            survey = places.survey(modules)
            roots = [value for _, _, value in self.baseline.values(survey)]
            roots += [value for _, value in survey.objects.values()]
            roots += [held for _, held in self._late]
            roots += [held for each in self._waiting.values() for _, held in each]
            roots += hooks.runtime.kept.values()
            roots += hooks.runtime.carried.values()
            roots += [shells.memory for shells in self._registry.arrivals.standing.values()]
            tidy(roots, self._registry)
        survey = places.survey(modules)
        present = {(place, name): value for place, name, value in self.baseline.values(survey)}
        for entry, _ in entries:
            self._note_put(entry, present.get((entry.place, entry.name)))
        for what, count in loader.losses.items():
            notes.append(f"{count} {what} could not be carried and was removed from what held it")
        notes += migrations.migrate(made_by_import)
        return tuple(notes)

    def _value_of(self, entry: Entry) -> Any:
        holder = places.holder_of(entry.place)
        if holder is None:
            return None
        return places.items(entry.place, holder, self.baseline.names).get(entry.name)

    def _note_put(self, entry: Entry, value: Any) -> None:
        """Note what was put back: when it is another after start-up, start-up has set it."""
        if value is None:
            return
        # Pickling it all again would cost half of what reading it has; size and type tell enough.
        after = digest(value) if entry.late else Digest(type_name(value), places.size(value), None)
        self._put_back[entry.place, entry.name] = after

    def _put(self, entry: Entry, held: Any, anchors: Mapping[tuple[Place, str], Any]) -> str:
        """Put one value where it belongs; give a line when it no longer fits there."""
        try:
            return putting.put(entry, held, anchors, self.baseline.names)
        except Exception as error:
            log.exception("%s.%s could not be put back", entry.place, entry.name)
            return f"{entry.place}.{entry.name}: state dropped: {error!r}"


def _place_below(parent: Place, name: str) -> Place:
    """Give the place of an object that is known by this name first."""
    return Place(parent.module, "object", f"{parent.name}.{name}" if parent.name else name)


def _within(place: Place, others: set[Place]) -> bool:
    """Say whether an object's place is one of `others`, or lies below one."""
    name = place.name
    while name:
        if place._replace(name=name) in others:
            return True
        name = name.rpartition(".")[0]
    return False
