"""Which modules follow when names of another change, found without parsing those that cannot."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

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
        for entry in list(self.tracker.loaded.values()):
            if entry is source or (
                tail not in entry.data and not (package and b"import" in entry.data)
            ):
                continue
            star = b"import *" in entry.data
            if star or any(n in entry.data for n in spelled) or self.loads(entry, names):
                found.append(entry)
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


def running_code(entry: Loaded) -> CodeType:
    """Give the whole-file compile a module runs; made once, when it is first needed."""
    if entry.code is None:
        entry.code = Text(entry.filename, entry.data).code
    return entry.code
