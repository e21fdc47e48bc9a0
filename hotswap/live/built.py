"""Records what each module's statements have made, once the import that ran them is over (`gathered`)."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.gathered import Held, record, record_names
from hotswap.live.looking import instance_dict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hotswap.live.loaded import Loaded

GROWING: Final = (dict, defaultdict, Counter, OrderedDict, list, deque)


class Importing:
    """Knows when an import is over, with all that it imported in its turn.

    A plug-in imported later fills what modules before it hold: what has grown at the end meanwhile, its statements
    put there.

    Args:
        loaded: The modules that are known, by name.
    """

    def __init__(self, loaded: Mapping[str, Loaded]) -> None:
        self._loaded = loaded
        self._depth = 0
        self._new: list[Loaded] = []
        self._sizes: list[tuple[Loaded, str, int | dict[str, int]]] = []

    @contextmanager
    def one(self, entry: Loaded) -> Iterator[None]:
        """While `entry` is executed; the outermost one ends the import."""
        if not self._depth:
            self._sizes = list(self._measure())
        self._depth += 1
        self._new.append(entry)
        try:
            yield
        finally:
            self._depth = max(self._depth - 1, 0)
            if not self._depth:
                self.done()

    def done(self) -> None:
        """The import is over, or what is left of it is the program's own run."""
        self._depth = 0
        new, self._new = self._new, []
        fresh = set(map(id, new))
        for entry, name, size in self._sizes:
            was, live = entry.built.get(name), entry.names.get(name)
            if id(entry) not in fresh and type(was) is Held and type(live) is was.kind:
                entry.built[name] = self._grown(was, live, size)
        self._sizes.clear()
        for entry in new:
            entry.built = record_names(entry.names, self._loaded)

    def _measure(self) -> Iterator[tuple[Loaded, str, int | dict[str, int]]]:
        for entry in list(self._loaded.values()):
            for name, was in list(entry.built.items()):
                if type(was) is not Held or was.items is None:
                    continue
                live = entry.names.get(name)
                if type(live) in GROWING:
                    yield entry, name, len(live)  # type: ignore[arg-type]
                elif type(live) is was.kind:
                    inside = instance_dict(live) or {}
                    sizes = {k: len(v) for k, v in list(inside.items()) if type(v) in GROWING}
                    if sizes:
                        yield entry, name, sizes

    def _grown(self, was: Held, live: Any, size: int | dict[str, int]) -> Held:
        if isinstance(size, dict):
            inside = instance_dict(live) or {}
            items = dict(was.items)
            for name, one in size.items():
                known, now = items.get(name), inside.get(name)
                if type(known) is Held and known.items is not None and type(now) is known.kind:
                    items[name] = self._grown(known, now, one)
            return replace(was, items=items)
        if len(live) <= size:
            return was
        if isinstance(was.items, dict):
            added = list(dict.items(live))[size:]
            more = {key: record(value, self._loaded) for key, value in added}
            return replace(was, items={**was.items, **more})
        more_elements = [record(value, self._loaded) for value in list(live)[size:]]
        return replace(was, items=[*was.items, *more_elements])
