"""What is known while statements run again: of each module, of all together, of the objects that are filled anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Mapping
    from types import CodeType

    from hotswap.live.adapters.base import Adapter
    from hotswap.live.batch import Outside
    from hotswap.live.dependents import Dependents
    from hotswap.live.factories import Factories
    from hotswap.live.functions import Graft
    from hotswap.live.journal import Journal
    from hotswap.live.loaded import Loaded
    from hotswap.live.moved import Moves
    from hotswap.live.tracker import Tracker
    from hotswap.live.why import Why
    from hotswap.source.graph import Edge
    from hotswap.source.model import Change
    from hotswap.source.plan import ModulePlan, Step
    from hotswap.source.units import Text, Unit

Key = tuple[str, str]
"""(module, name) of an object."""


class StatementRaised(Exception):
    """A changed statement, or one that follows from it, raised: the user's fault. `__cause__` is what it raised."""

    def __init__(self, entry: Loaded, unit: Unit, error: BaseException) -> None:
        super().__init__(f"{unit.label} raised {type(error).__name__}")
        self.entry = entry
        self.unit = unit
        self.error = error


@dataclass(slots=True, eq=False)
class ModuleSwap:
    """One module while the swap runs."""

    entry: Loaded
    text: Text
    plan: ModulePlan | None
    """None: the module was not edited, it may only follow."""
    steps: list[Step]
    names: dict[str, Any]
    before: dict[str, Any]
    """The module's names when the swap began."""
    edges: dict[str, Edge] = field(default_factory=dict)
    origins: dict[str, Edge] = field(default_factory=dict)
    """Imported names whose function or class another module defines: re-exported, by a package for one."""
    ran: dict[int, Why] = field(default_factory=dict)
    """id(unit) -> why it ran."""
    ran_names: set[str] = field(default_factory=set)
    dirty: set[str] = field(default_factory=set)
    """Names whose value is another one now."""
    shaped: set[str] = field(default_factory=set)
    """Classes that stayed and changed shape; functions that stayed and changed signature or decorators."""
    tainted: set[str] = field(default_factory=set)
    """Functions whose own bytecode changed, or that call one."""
    own_tainted: set[str] = field(default_factory=set)
    readers: set[str] = field(default_factory=set)
    """Functions that read a name whose value is another one now, or that call one."""
    returned: set[str] = field(default_factory=set)
    """Functions that return a function of theirs which changed: ``@logged("x")`` decorates with that one."""
    methods: set[tuple[str, str]] = field(default_factory=set)
    """(class, method) whose own bytecode changed."""
    rebuilt: set[str] = field(default_factory=set)
    started: bool = False
    deleted: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    """What was dirty when the module last had its turn."""
    running: int = 0
    """Line of the old source at which the module's own code still runs (a script at ``asyncio.run``)."""
    bound: tuple[list[Step], int, dict[str, list[Step]]] = field(
        default_factory=lambda: ([], 0, {})
    )
    """What `binders` knows, and of which steps."""
    used: tuple[CodeType | None, dict[str, tuple[set[str], CodeType]]] = field(
        default_factory=lambda: (None, {})
    )
    """What `changed.taint` knows of the module's functions, and of which compile."""
    forced: dict[int, Why] = field(default_factory=dict)
    """id(unit) -> why it has to run although nothing it reads changed."""
    outside: set[tuple[str, str]] = field(default_factory=set)
    """``(root, attribute)`` of foreign objects that a statement changed: ``("os", "environ")``."""

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def package(self) -> str:
        """What the module's relative imports start from."""
        package = self.names.get("__package__") or ""
        return package if isinstance(package, str) else ""

    @property
    def ways(self) -> list[tuple[str, Edge]]:
        """Imported names with where they are imported from, and where they were defined."""
        return [*self.edges.items(), *self.origins.items()]

    def binders(self, name: str) -> list[Step]:
        """Give the steps that bind a name, in file order."""
        steps, count, found = self.bound
        if steps is not self.steps or count != len(steps):  # asked for each name of each statement
            found = {}
            for step in self.steps:
                if not step.is_guard:
                    for one in step.unit.scan.binds:
                        found.setdefault(one, []).append(step)
            self.bound = self.steps, len(self.steps), found
        return found.get(name, [])

    def last_before(self, name: str) -> Unit | None:
        """Give the statement of the previous version that gave a name the value it had at the end."""
        if self.plan is not None:
            previous = [u for u in self.plan.before if name in u.scan.binds]
        else:
            previous = [s.unit for s in self.binders(name)]
        return previous[-1] if previous else None


@dataclass(slots=True, eq=False)
class Side:
    """An object being filled anew on the side."""

    old: Any
    new: Any
    state: dict[str, Any]
    """The new instance's attributes right after its binder ran, containers copied."""
    inner: dict[str, dict[str, Any]]
    """Which of them were instances -> what these held, likewise: ``templates.env`` is filled by statements, too."""
    edited: bool
    calls: tuple[ast.expr | None, ...]
    """The expressions that made the old object and the new one."""
    was: Any
    """What the statements had made (`gathered`), `MISSING` when the program's own entries are not to stay."""


@dataclass(slots=True, eq=False)
class Registry:
    """A framework's registry that this swap touches."""

    adapter: Adapter
    obj: Any
    key: Key
    token: Any
    replayed: bool = False
    ran: dict[str, set[str]] = field(default_factory=dict)
    removed: dict[str, set[str]] = field(default_factory=dict)
    orders: dict[str, tuple[tuple[list[Step], int, list[int], int], list[str]]] = field(
        default_factory=dict
    )
    """Module name -> the statements of it that fill the registry, and what they were found from."""

    def filled_by(self, swap: ModuleSwap) -> bool:
        """Say whether a module's statements fill it, filled it or make it."""
        return swap.name in self.ran or swap.name in self.removed or self.key[0] == swap.name


@dataclass(slots=True, eq=False)
class Refill:
    """Objects that several statements fill.

    When a statement that fills one is changed, removed or must run again, the object is filled anew, in file order, by
    all its fillers: first on the side, then its content goes into the old object, which keeps its identity.
    """

    factories: Factories
    active: list[Adapter]
    """Of the frameworks that are imported."""
    replaced: Mapping[CodeType, CodeType] = field(default_factory=dict)
    """Old bodies -> new ones."""
    due: set[Key] = field(default_factory=set)
    copied: set[Key] = field(default_factory=set)
    """Registries whose entries were copied by those that include them."""
    sides: dict[Key, Side] = field(default_factory=dict)
    touched: dict[int, Registry] = field(default_factory=dict)
    """By the id of the registry."""
    owners: dict[type, Adapter | None] = field(default_factory=dict)
    registries: list[tuple[Any, Adapter]] | None = None
    """What `frameworks.live_registries` found; None after `Rerun.names_changed`."""
    attributes: dict[Key, tuple[Any, dict[str, Any]]] = field(default_factory=dict)
    """Of classes that are filled anew from outside their body: the record, and the lists, dicts and sets there were."""
    filled: dict[Key, Any] = field(default_factory=dict)
    """Records of objects that statements went on filling in place, as those began."""
    bound: set[Key] = field(default_factory=set)
    """Names that statements bound to something new."""
    taken_back: bool = False
    """Something that a statement had put into an app's state went with it."""
    effects: dict[int, set[Key]] = field(default_factory=dict)
    """id(function) -> the module-level objects that calling it mutates."""


@dataclass(slots=True, eq=False)
class Rerun:
    """The statements of one batch while they run, within one journal."""

    tracker: Tracker
    journal: Journal
    graft: Graft
    """Merges new objects into old ones."""
    edited: list[ModuleSwap]
    swaps: dict[str, ModuleSwap]
    """All modules of the swap: the edited ones and, as they join, those that follow."""
    own_changed: Mapping[str, set[str]]
    """Module name -> qualnames of functions whose own bytecode changed."""
    pinned: Callable[[str], bool]
    """Says whether a module must not be re-executed."""
    dependents: Dependents
    refill: Refill
    outside: Outside
    """What changed outside the source together with the batch."""
    dirty: dict[str, set[str]]
    """Module name -> its names whose value is another one now (the sets of `ModuleSwap.dirty`)."""
    about_to_set: Callable[[str], None]
    """Tells that statements may set values in a module."""
    run_step: Callable[[Rerun, ModuleSwap, Step, Why], None] = field(init=False)
    """Gives a statement its turn before the module comes to it (`turns.run_step`)."""
    moves: Moves = field(default_factory=list)
    """Definitions that moved to another file."""
    variables: set[str] = field(default_factory=set)
    """Environment variables that changed, before the swap or because a statement ran."""
    seen: set[int] = field(default_factory=set)
    """ids of the objects whose content the journal has."""
    waiting: dict[str, Loaded] = field(default_factory=dict)
    """Modules that may have to follow."""
    facts: dict[Key, set[str]] = field(default_factory=dict)
    """(module, qualname) of definitions that stay -> the words that look at what changed of them (`looked`)."""
    assigned: dict[Key, int] = field(default_factory=dict)
    """(module, name) that a statement of another module set -> the place of that module in the order of imports."""
    looked_for: set[object] = field(default_factory=set)
    """What `looked` has found the readers of."""
    looked_through: set[str] = field(default_factory=set)
    """New modules whose imports have had their turn."""
    changes: list[Change] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def names_changed(self) -> None:
        """Names may mean other objects from now on: what is known of all names is looked for anew."""
        self.refill.registries = None
        self.dependents.names.forget()
