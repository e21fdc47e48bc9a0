"""What a running program has behind it: where its frames stand, and what they called on their way there."""

from __future__ import annotations

import ast
import gc
from collections import ChainMap, Counter
from dataclasses import dataclass, field
from types import AsyncGeneratorType, CodeType, CoroutineType, FunctionType, GeneratorType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hotswap.live.dependents import running_code
from hotswap.live.factories import is_kind, meant, plain
from hotswap.live.ledger import running_line
from hotswap.live.looking import class_dict, mro, owner_of
from hotswap.live.making import found
from hotswap.live.rerun.frameworks import live_registries
from hotswap.live.stacks import executing
from hotswap.source import codes, wiring
from hotswap.source.nodes import DEF, Def

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import FrameType

    from hotswap.live.loaded import Loaded
    from hotswap.live.rerun.state import Rerun
    from hotswap.source.units import Unit

FRAMES: Final[Mapping[type, str]] = {
    CoroutineType: "cr",
    GeneratorType: "gi",
    AsyncGeneratorType: "ag",
}
FEW: Final = 3
"""Tasks of one kind that are looked at: of a thousand connections, each handler is called again anyway."""
Place = tuple[str, str]
"""File and qualified name of a function: its code is another one once its lines have moved."""


@dataclass(slots=True, eq=False)
class Passed:
    """What a running program has behind it."""

    rerun: Rerun
    functions: dict[Place, tuple[FunctionType, str]] = field(default_factory=dict)
    """Functions that ran to their end, and who called each."""
    frames: list[Standing] = field(default_factory=list)
    again: dict[Place, bool] = field(default_factory=dict)
    """What is known of who may be called again."""
    lifespans: set[Place] = field(default_factory=set)
    """What apps run when they start: rerun/startup.py tells of those."""
    once: set[Place] = field(default_factory=set)
    """All that runs once: those functions, and those of the frames."""


class Standing(NamedTuple):
    """A frame of a function that is called once, and what it has behind it."""

    place: Place
    entry: Loaded
    frame: FrameType
    behind: list[ast.stmt]
    gone: list[ast.stmt]
    """The same part of the new body."""
    ahead: frozenset[str]
    """Names and attributes that it will come to."""

    @property
    def names(self) -> Mapping[str, Any]:
        """What names mean there. (Asked of few: up to 3.12 a frame keeps the dict that it is asked for.)"""
        return ChainMap(dict(self.frame.f_locals), self.entry.names)


def look(rerun: Rerun, *, lifespans: bool) -> Passed:
    """Look at the frames that there are.

    Args:
        rerun: The statements of the batch.
        lifespans: At those of apps that have started, too, for which all generators are looked through.
    """
    passed = Passed(rerun)
    todo: list[tuple[FunctionType, str]] = []
    standing = waiting = list(_standing(rerun))
    started = []
    if lifespans:
        started = [f for r, adapter in live_registries(rerun) for f in adapter.started(r)]
    for starter in started:
        place = place_of(starter.__code__)
        passed.once.add(place)
        passed.lifespans.add(place)
        if not starter.__code__.co_flags & 0x220:  # CO_GENERATOR | CO_ASYNC_GENERATOR
            todo.append((starter, f"start-up ({starter.__qualname__})"))
    passed.frames += _lifespans(rerun, passed.lifespans)
    passed.once |= {frame.place for frame in standing}
    ended = {place_of(function.__code__) for function, _ in todo}
    while True:  # who is called by one that is called again, is called again
        left = [f for f in standing if not called_again(passed, f.place, f.entry)]
        if len(left) == len(standing):
            break
        standing = left
        passed.again.clear()
        passed.once = {f.place for f in (*passed.frames, *left)} | ended
    passed.frames += standing
    passed.again.clear()
    for frame in passed.frames:
        called = wiring.called_names(frame.behind)
        names = frame.names if called else {}
        for name in called:
            todo += [(target, frame.place[1]) for target in _functions_at(name, names)]
    # those that run a body of other lines, too: nothing is known of where they stand
    running = {f.place for f in waiting} | {place_of(frame.f_code) for _, frame in executing()}
    while todo:
        function, who = todo.pop()
        place = place_of(function.__code__)
        if place in passed.functions or function.__module__ not in rerun.tracker.loaded:
            continue
        if place in running:
            continue  # suspended in there: told by its frame
        passed.functions[place] = (function, who)
        passed.once.add(place)
        todo += [(inner, who) for inner in _called_by(function, rerun)]
    return passed


def _standing(rerun: Rerun) -> Iterator[Standing]:
    """Give the frames of tracked functions that wait in tasks, or below which threads execute."""
    from hotswap.live.loops import ending

    frames: list[FrameType] = []
    alike: Counter[tuple[CodeType, ...]] = Counter()
    for task in ending.tasks():
        work = task.get_coro()
        chain = [o for o in (work, *ending.awaited(work)) if type(o) in FRAMES]
        alike[kinds := tuple(getattr(o, FRAMES[type(o)] + "_code") for o in chain)] += 1
        if alike[kinds] <= FEW:
            theirs = (getattr(o, FRAMES[type(o)] + "_frame") for o in chain)
            frames += [frame for frame in theirs if frame is not None]
    frames += [frame for _, frame in executing()]
    yield from _where(rerun, frames)


def _lifespans(rerun: Rerun, places: set[Place]) -> Iterator[Standing]:
    """Give the lifespans that have begun: generators that wait at their ``yield``."""
    if places:
        kinds = (GeneratorType, AsyncGeneratorType)
        held = [o for o in gc.get_objects() if type(o) in kinds]
        frames = [getattr(o, FRAMES[type(o)] + "_frame") for o in held]
        yield from _where(rerun, [f for f in frames if f and place_of(f.f_code) in places])


def _where(rerun: Rerun, frames: Iterable[FrameType]) -> Iterator[Standing]:
    files = {entry.filename: entry for entry in rerun.tracker.loaded.values()}
    for frame in {(f.f_code, f.f_lineno): f for f in frames}.values():
        entry = files.get(frame.f_code.co_filename)
        if entry is not None and frame.f_globals is entry.names:
            one = _stands(rerun, entry, frame)
            if one is not None:
                yield one


def _stands(rerun: Rerun, entry: Loaded, frame: FrameType) -> Standing | None:
    code, line = frame.f_code, frame.f_lineno
    if code.co_name == "<module>":
        return _runs(rerun, entry, frame)
    if code.co_name.startswith("<") or "<locals>" in code.co_qualname or line is None:
        return None
    if code not in set(codes.walk(running_code(entry))):
        return None  # an older body: its lines are those of another source
    swap = rerun.swaps.get(entry.name)
    plan = swap.plan if swap is not None else None
    root = code.co_qualname.partition(".")[0]
    unit = next(
        (u for u in _units(rerun, entry) if u.kind in ("def", "class") and u.name == root), None
    )
    old = definition(unit.node, code.co_qualname) if unit is not None else None
    if old is None or unit is None:
        return None
    new = old
    if swap is not None and plan is not None:
        twin = next((s.unit for s in swap.steps if s.old is unit), None)
        after = definition(twin.node, code.co_qualname) if twin is not None else None
        new = after if after is not None else old
    behind, gone = wiring.passed(old.body, new.body, line - unit.shift)
    ahead = wiring.names_beside(new.body, gone)
    return Standing(place_of(code), entry, frame, behind, gone, ahead)


def _runs(rerun: Rerun, entry: Loaded, frame: FrameType) -> Standing | None:
    """Give the statement that a script is running, ``web.run_app(make_app())``: what it calls on its way has run."""
    line = running_line(entry)
    units = [u for u in _units(rerun, entry) if u.line <= line <= u.end]
    if not units or units[-1].kind not in ("expr", "assign"):
        return None
    place = (entry.filename, f"line {units[-1].line}")
    return Standing(place, entry, frame, [units[-1].node], [units[-1].node], frozenset())


def _units(rerun: Rerun, entry: Loaded) -> Sequence[Unit]:
    """Give the statements that a module ran."""
    swap = rerun.swaps.get(entry.name)
    if swap is not None and swap.plan is not None:
        return swap.plan.before
    return rerun.dependents.text(entry).units


def _functions_at(dotted: str, names: Mapping[str, Any]) -> Iterator[FunctionType]:
    """Give the functions that calling a name runs: of a class, what makes an instance."""
    first, _, rest = dotted.partition(".")
    if "." in rest:
        return
    target = meant((first, rest), names)
    if is_kind(target, type):
        target = class_dict(target).get("__init__")
    function = plain(target)
    if function is not None:
        yield function


def _called_by(function: FunctionType, rerun: Rerun) -> Iterator[FunctionType]:
    """Give what a function that ran may have called: by global name, methods of what it names, plug-ins."""
    code, names = function.__code__, function.__globals__
    if "import_module" in code.co_names:  # ``module = import_module(name); module.setup(bot)``
        spelled = {n for n in (*code.co_names, *code.co_consts) if isinstance(n, str)}
        for entry in list(rerun.tracker.loaded.values()):
            for name in spelled & entry.names.keys():
                made = entry.names[name]
                if type(made) is FunctionType and made.__globals__ is entry.names:
                    yield made
    owners: list[type] = []
    for chain in codes.global_chains(code):
        if len(chain) <= 2:
            yield from _functions_at(".".join(chain), names)
        value: Any = names.get(chain[0])
        if is_kind(value, type):
            owners.append(value)  # ``dp = Dispatcher(); dp.start()``
    owner = owner_of(names, function.__qualname__)
    owners += [owner] if owner is not None else []
    for cls in owners:
        for base in mro(cls):
            for name, value in class_dict(base).items():
                if name in code.co_names:
                    method = plain(value)
                    if method is not None:
                        yield method


def called_again(passed: Passed, place: Place, entry: Loaded) -> bool:
    """Say whether a function may be called again: by one that is not over, or by whoever holds it."""
    known = passed.again.get(place)
    if known is None:
        passed.again[place] = False  # functions that call one another
        known = passed.again[place] = any(_callers(passed, place, entry))
    return known


def _callers(passed: Passed, place: Place, entry: Loaded) -> Iterator[bool]:
    """Look for what may call a function still; each answer is one who does, or does not."""
    qualname = place[1]
    name = qualname.rpartition(".")[2]
    owner = owner_of(entry.names, qualname)
    for frame in passed.frames:
        yield frame.place != place and name in frame.ahead
    for other in list(passed.rerun.tracker.loaded.values()):
        if name.encode() not in other.data:
            continue
        whole = running_code(other)
        for one in codes.walk(whole):
            caller = place_of(one)
            if one is whole or caller == place or name not in one.co_names:
                continue
            if codes.is_class_body(one) or not _means(one, name, other, owner):
                continue
            if codes.handed_on(one, name):
                yield True
            elif caller not in passed.once:
                # a function that nobody calls, ``main()``, was called from outside, and is not again
                yield "." in caller[1] or called_again(passed, caller, other)
            elif caller in passed.functions:
                yield called_again(passed, caller, other)
        yield owner is None and _held(passed.rerun, other, entry, name)


def place_of(code: CodeType) -> Place:
    """Give the place of a function's code."""
    return code.co_filename, code.co_qualname


def _means(code: CodeType, name: str, entry: Loaded, owner: type | None) -> bool:
    """Say whether a name that code spells may be the method of `owner`, not of another class; functions always are."""
    if owner is None:
        return any(c[0] == name or name in c[1:] for c in codes.global_chains(code))
    for chain in codes.global_chains(code):
        if len(chain) > 1 and chain[1] == name and owner in mro(type(entry.names.get(chain[0]))):
            return True
    within = owner_of(entry.names, code.co_qualname)
    return within is not None and (within is owner or owner in mro(within))


def _held(rerun: Rerun, entry: Loaded, home: Loaded, name: str) -> bool:
    """Say whether a module's statements decorate a function, or hand it on."""
    for unit in _units(rerun, entry):
        if unit.kind == "def":
            if entry is home and unit.definition.name == name and unit.definition.decorator_list:
                return True
        elif unit.kind not in ("import", "class") and name in unit.segment:
            if name in unit.scan.reads - unit.scan.calls:
                return True
    return False


def definition(node: ast.stmt, qualname: str) -> Def | None:
    """Give the definition of a function, or of a method, in a statement of a module."""
    hit = found(ast.Module([node], []), qualname)
    return hit if isinstance(hit, DEF) else None
