"""Which modules follow when names of another change, found without parsing those that cannot."""

from __future__ import annotations

import ast
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

from hotswap.live.naming import Names
from hotswap.source import codes
from hotswap.source.graph import loaded_names
from hotswap.source.units import Text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet
    from types import CodeType

    from hotswap.live.loaded import Loaded
    from hotswap.live.tracker import Tracker


class Dependents:
    """Looks for followers within one swap."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self.names = Names(tracker.loaded)
        self._texts: dict[str, Text] = {}

    def text(self, entry: Loaded) -> Text:
        """Give the parsed source that a live module runs; parsed once a swap."""
        text = self._texts.get(entry.name)
        if text is None:
            text = self._texts[entry.name] = Text(entry.filename, entry.data)
        return text

    def of(
        self, source: Loaded, names: AbstractSet[str], *, rebinding: AbstractSet[str]
    ) -> Iterable[Loaded]:
        """Give the modules that import `source` and load one of `names` while they are imported.

        Args:
            source: The module that changed.
            names: Those of its names that changed in any way.
            rebinding: Those whose importers must bind them again even if only their functions use them.
        """
        tail = source.name.rpartition(".")[2].encode()
        package = source.module.__dict__.get("__path__") is not None
        spelled = {n.encode() for n in rebinding if n.isidentifier()}
        found = []
        for entry in self.spelling(b"import" if package else tail):
            if entry is source:
                continue
            star = b"import *" in entry.data
            if star or any(n in entry.data for n in spelled) or self.loads(entry, names):
                found.append(entry)
        return found

    def spelling(self, word: bytes) -> list[Loaded]:
        """Give the modules whose source has a word in it."""
        return [entry for entry in list(self.tracker.loaded.values()) if word in entry.data]

    def between(self, source: Loaded, names: AbstractSet[str]) -> list[Loaded]:
        """Give the modules whose functions call functions of `source`, and are called themselves while others import.

        ``X = g()`` in one module, ``def g(): return f()`` in a second, and `f` of a third has changed: the second
        does nothing with `f` while it is imported, and yet has to be looked at. Whoever imports one of the functions,
        or the module with them, is found by identity, so that no source is searched.

        Args:
            source: The module that changed.
            names: Those of its functions that would give something else now.
        """
        if not any(self._imports(entry, source, names) for entry in self.tracker.loaded.values()):
            return []
        found: dict[str, Loaded] = {}
        reached = {source.name: set(names)}
        ways: dict[str, tuple[Loaded, ...]] = {source.name: ()}
        importers = self._importers()
        todo = [(source, set(names))]
        while todo:
            home, spread = todo.pop()
            users: dict[str, tuple[Loaded, set[str]]] = {}
            for entry, _ in importers.get(home.module, ()):
                users.setdefault(entry.name, (entry, set()))[1].update(spread)
            for name in spread:
                value = home.names.get(name)
                for entry, local in importers.get(value, ()) if type(value) is FunctionType else ():
                    users.setdefault(entry.name, (entry, set()))[1].add(local)
            for entry, used in users.values():
                if entry is home:
                    continue
                if home is not source and self.loads(entry, used):
                    found.update((e.name, e) for e in ways[home.name])
                callers = {n for n, uses in _callers(entry).items() if not used.isdisjoint(uses)}
                fresh = callers - reached.setdefault(entry.name, set())
                if fresh:
                    reached[entry.name] |= fresh
                    ways.setdefault(entry.name, (*ways[home.name], entry))
                    todo.append((entry, fresh))
        return list(found.values())

    def _imports(self, entry: Loaded, source: Loaded, names: AbstractSet[str]) -> bool:
        """Say whether a module holds one of the functions under its name, or their module; false for most."""
        if entry is source:
            return False
        if entry.names.get(source.name.rpartition(".")[2]) is source.module:
            return True
        return any(
            type(function := source.names.get(n)) is FunctionType and entry.names.get(n) is function
            for n in names
        )

    def _importers(self) -> dict[object, list[tuple[Loaded, str]]]:
        """Give, for each module and function, which modules have it from elsewhere, and as what."""
        found: dict[object, list[tuple[Loaded, str]]] = {}
        for entry, name, value in self.names.of(ModuleType, FunctionType):
            found.setdefault(value, []).append((entry, name))
        return found

    def loads(self, entry: Loaded, names: AbstractSet[str]) -> bool:
        """Say whether a module uses one of the names while it is imported."""
        if not any(n.encode() in entry.data for n in names):
            return False
        if any(n.encode() + b" as " in entry.data for n in names):
            return True
        if entry.loads is None:
            entry.loads = loaded_names(running_code(entry))
        return not names.isdisjoint(entry.loads)

    def assigned(self, entry: Loaded, name: str) -> list[tuple[int, ast.stmt]]:
        """Give the line and the right-hand side of each statement at top level of a live module that assigns a name."""
        known = entry.assigned.get(name)
        if known is None:
            found = [
                (unit.line, ast.unparse(unit.value))
                for unit in self.text(entry).units
                if unit.kind == "assign" and unit.value is not None and name in unit.scan.binds
            ]
            known = entry.assigned[name] = tuple(found)
        return [(line, ast.parse(text).body[0]) for line, text in known]


def _callers(entry: Loaded) -> dict[str, frozenset[str]]:
    """Give, for each function of a live module, the names that it uses."""
    code = running_code(entry)
    if entry.uses is None or entry.uses[0] is not code:
        functions = [c for c in codes.children(code) if not codes.is_class_body(c)]
        entry.uses = code, {c.co_name: frozenset(codes.names_used(c)) for c in functions}
    return entry.uses[1]


def running_code(entry: Loaded) -> CodeType:
    """Give the whole-file compile a module runs; made once, when it is first needed."""
    if entry.code is None:
        entry.code = Text(entry.filename, entry.data).code
    return entry.code
