"""The ledger's entries: one live module and the source it runs; one whose import raised."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import CodeType, FunctionType, ModuleType


@dataclass(slots=True, eq=False)
class Loaded:
    """One live module and the source it runs: the ledger's entry."""

    name: str
    module: ModuleType
    path: str
    """Real path of the source."""
    filename: str
    """What its code objects call it (`co_filename`)."""
    data: bytes
    code: CodeType | None = None
    """The whole-file compile that runs, when it is known; else it is made from `data` when needed."""
    loads: frozenset[str] | None = None
    """The names `code` itself loads while it runs, once somebody asked."""
    uses: tuple[CodeType, dict[str, frozenset[str]]] | None = None
    """The code, and the names that each of its functions uses, once somebody asked."""
    looks: tuple[bytes, frozenset[str], bool] | None = None
    """The source, the words that were last looked for in it (`source.looks`), and whether it spells one."""
    assigned: dict[str, tuple[tuple[int, str], ...]] = field(default_factory=dict)
    """Name -> line and right-hand side of each statement at top level that assigns it, of names that were asked for."""
    opened: dict[str, set[int]] = field(default_factory=dict)
    """Data file -> lines of the statements that opened it."""
    missing: dict[str, set[int]] = field(default_factory=dict)
    """Module that could not be found -> lines of the statements that asked; ``folder/*`` where they listed a folder."""
    seen: dict[str, bytes] = field(default_factory=dict)
    """Data file -> digest of what was read."""
    order: int = 0
    """Place in the order in which modules were completed: what a module imports comes before it."""
    complete: bool = True
    """The module's code has run to its end."""
    stands: dict[int, int] = field(default_factory=dict)
    """Line of the frame that still runs the module -> line of that statement in the source as it is now."""
    exact: bool = False
    """The module's functions were made of the very code objects in `code`, and nobody made others of its file."""
    relics: list[CodeType] = field(default_factory=list)
    """Code objects of this file outside `code` that something may run: superseded ones, statements run alone."""
    gained: set[str] = field(default_factory=set)
    """Functions that edits have added: one that goes from another module may have moved here."""
    aliased: dict[str, FunctionType] = field(default_factory=dict)
    """Functions that lead to another since their name became another name for that one (``load = read``)."""
    built: dict[str, Any] = field(default_factory=dict)
    """What the statements put under each name (`gathered.record`): what else there is, the program gathered."""

    @property
    def names(self) -> dict[str, Any]:
        return self.module.__dict__


@dataclass(frozen=True, slots=True)
class Failure:
    """A module whose import raised."""

    name: str
    path: str
    error: BaseException | None
    missing: str = ""
