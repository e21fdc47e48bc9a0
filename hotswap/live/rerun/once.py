"""What ran once and for all: functions that a running program called on its way to where it is now.

``register(dispatcher)`` at the beginning of ``main()``, ``scheduler.start()`` in a lifespan: their new bodies are in
place, but nobody calls them again. When such a function connects other things now than it did when it ran, or took
what an edited statement fills, then only a fresh process does what is written. What else of it changed is told.
"""

from __future__ import annotations

import ast
import gc
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hotswap.live import factories, registries
from hotswap.live.adapters.base import Refused
from hotswap.live.factories import is_kind, static
from hotswap.live.looking import attributes, instance_dict, owner_of
from hotswap.live.rerun.branches import is_main_guard
from hotswap.live.rerun.changed import visible_dirty
from hotswap.live.rerun.collected import marked, workers_of
from hotswap.live.rerun.in_passing import made_in_passing
from hotswap.live.rerun.passed import Passed, called_again, definition, look, place_of
from hotswap.live.rerun.taken import Taken, taken
from hotswap.source import codes, wiring

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.source.nodes import Def

MOST: Final = 1000
"""Elements of registries that are looked at."""


class Rewired(NamedTuple):
    """A function that connects other things than before."""

    swap: ModuleSwap
    qualname: str
    old: Def
    new: Def


def see_once(rerun: Rerun) -> None:
    """Refuse what only a function that has run for good could carry out; name what else ran otherwise than written.

    Raises:
        Refused: A fresh process calls it again.
    """
    rewired, filled = list(_rewired(rerun)), taken(rerun)
    dirty = {id(swap.names): visible_dirty(rerun, swap) for swap in rerun.swaps.values()}
    if not (rewired or filled or any(rerun.own_changed.values()) or any(dirty.values())):
        return
    passed = look(rerun, lifespans=bool(rewired or filled))
    for one in rewired:
        _refuse_rewired(passed, one)
    for what in filled:
        _refuse_taken(passed, what)
    for what in filled:
        held = workers_of(what, {n for s in rerun.edited for n in s.ran_names})
        if held is not None:
            function, worker = held
            rerun.notes.append(
                f"{what.label} changed after a {worker} took {function} from it: r + enter starts over"
            )
    if passed.frames:
        rerun.notes += _told(passed, dirty)


def refuse_marked(rerun: Rerun) -> None:
    """Before anything runs: refuse an edit of methods that are marked for somebody who has looked for them already.

    Raises:
        Refused: A fresh process looks again.
    """
    for swap in rerun.edited:
        for method, sibling in marked(swap):
            raise Refused(
                f"{method} is marked otherwise now, and what such marks are for was done when {sibling} was found: "
                "only a fresh process looks again"
            )


def _rewired(rerun: Rerun) -> Iterator[Rewired]:
    for swap in rerun.edited:
        changed = rerun.own_changed.get(swap.name, ())
        for step in swap.steps if changed else ():
            old, new = step.old, step.unit
            if old is None or step.verdict == "keep" or old.kind != new.kind:
                continue
            if new.kind not in ("def", "class"):
                continue
            for name in changed:
                if name.partition(".")[0] != new.name or "<locals>" in name:
                    continue
                before, after = definition(old.node, name), definition(new.node, name)
                if before is None or after is None:
                    continue

                one = Rewired(swap, name, before, after)
                if _parts(one, before.body) != _parts(one, after.body):
                    yield one


def _parts(one: Rewired, body: Iterable[ast.stmt]) -> Counter[str]:
    """Fingerprint what a part of a function's body connects."""
    names = one.swap.names
    arguments = [*one.new.args.posonlyargs, *one.new.args.args]
    owner = owner_of(names, one.qualname)

    def is_thing(dotted: str, *, made: bool) -> bool:
        first, _, rest = dotted.partition(".")
        value: Any = names.get(first)
        if rest and owner is not None and arguments and first == arguments[0].arg:
            value = static(owner, rest)  # ``self.on_message``
        elif rest:
            value = vars(value).get(rest) if type(value) is ModuleType else None
        if is_kind(value, (FunctionType, type)):
            return True
        return made and instance_dict(value) is not None and type(value) is not ModuleType

    return wiring.wiring(body, is_thing)


def _refuse_rewired(passed: Passed, one: Rewired) -> None:
    """Refuse a function that connects other things, when it has run and will not again."""
    rerun, swap = passed.rerun, one.swap
    statement = made_in_passing(rerun, swap, one.qualname)
    if statement:
        raise Refused(
            f"{one.qualname} has run ({statement} called it) and connects other things now: "
            "only a fresh process calls it again"
        )
    if _runs_at_import(rerun, one.qualname):
        return
    place = (swap.entry.filename, one.qualname)
    standing = [frame for frame in passed.frames if frame.place == place]
    if any(_parts(one, frame.behind) != _parts(one, frame.gone) for frame in standing):
        raise Refused(
            f"{one.qualname} has passed the lines in which it connects other things now: "
            "only a fresh process runs them"
        )
    known = passed.functions.get(place)
    if known is None and (standing or not _left_something(swap, one)):
        return
    called = f"{one.qualname} has run" + (f" ({known[1]} called it)" if known else "")
    if called_again(passed, place, swap.entry):
        rerun.notes.append(f"{called}; what it connects now, it connects when it is called again")
        return
    raise Refused(f"{called} and connects other things now: only a fresh process calls it again")


def _left_something(swap: ModuleSwap, one: Rewired) -> bool:
    """Say whether what an earlier call of a function registered is there still: somebody keeps it."""
    for owner, handed in wiring.given(one.old.body):
        functions = [swap.names.get(name) for name in handed]
        kept = [f for f in functions if type(f) is FunctionType]
        if kept and _keeps(swap.names.get(owner), kept):
            return True
    names = {f"{one.qualname}.<locals>.{n}" for n in wiring.registered(one.old.body)}
    if not names:
        return False
    places = {(swap.entry.filename, name) for name in names}
    return any(type(o) is FunctionType and place_of(o.__code__) in places for o in gc.get_objects())


def _keeps(owner: Any, functions: list[FunctionType]) -> bool:
    """Say whether a container, or one among an instance's attributes, holds one of the functions."""
    todo, seen = [owner, *attributes(owner).values()], 0
    while todo and seen < MOST:
        value = todo.pop()
        seen += 1
        if issubclass(type(value), registries.CONTAINERS) or type(value) is tuple:
            todo += dict.values(value) if issubclass(type(value), dict) else value
        elif any(value is function for function in functions):
            return True
    return False


def _runs_at_import(rerun: Rerun, qualname: str) -> bool:
    """Say whether statements of modules, or ``--factory``, call a function: it follows, or is told of, with those."""
    root, _, method = qualname.partition(".")
    reaching = {root}
    for swap in rerun.swaps.values():
        whole = {c.co_name: c for c in codes.children(swap.text.code)}
        grown = True
        while grown:
            callers = {
                n
                for n in swap.tainted - reaching
                if n in whole and reaching & set(whole[n].co_names)
            }
            reaching |= callers
            grown = bool(callers)
    made = {each.where.rpartition(":")[2].partition(".")[0] for each in factories.registrations}
    return bool(made & reaching) or any(
        _calls_one(swap, reaching, method) for swap in rerun.swaps.values()
    )


def _calls_one(swap: ModuleSwap, names: set[str], method: str) -> bool:
    for step in swap.steps:
        scan = step.unit.scan
        if step.is_guard or scan.irrevocable or any(is_main_guard(g) for g, _ in step.guards):
            continue
        if step.unit.kind == "import" or (swap.running and step.unit.end >= swap.running):
            continue
        if scan.calls & names or (method and any(c[-1] == method for c in scan.called_chains)):
            return True
    return False


def _told(passed: Passed, dirty: Mapping[int, AbstractSet[str]]) -> Iterator[str]:
    """Name functions that ran once and would run otherwise now."""
    rerun = passed.rerun
    changed = {
        (swap.entry.filename, name)
        for swap in rerun.edited
        for name in rerun.own_changed.get(swap.name, ())
    }
    for place, (function, who) in passed.functions.items():
        read = dirty.get(id(function.__globals__), set()) & set(function.__code__.co_names)
        if place not in changed and not read:
            continue
        home = rerun.tracker.loaded[function.__module__]
        if not called_again(passed, place, home):
            what = "which changed" if place in changed else f"which reads {min(read)}"
            yield f"{who} called {place[1]}, {what}, and has run already: r + enter runs it again"
    for frame in passed.frames:
        names = {n.id for one in frame.behind for n in ast.walk(one) if isinstance(n, ast.Name)}
        read = dirty.get(id(frame.entry.names), set()) & names
        if read and frame.place not in passed.lifespans:
            yield f"{frame.place[1]} has read {min(read)} already: r + enter runs it again"


def _refuse_taken(passed: Passed, what: Taken) -> None:
    """Refuse an edit of what fills an object that a function has taken which will not run again."""
    for place, (function, who) in passed.functions.items():
        home = passed.rerun.tracker.loaded[function.__module__]
        if what.read_by(function) and not called_again(passed, place, home):
            raise Refused(
                f"{who} called {function.__qualname__}, which took {what.label} as it was: "
                "only a fresh process calls it again"
            )
    for frame in passed.frames:
        if what.spelled_in(frame.behind, frame.names):
            raise Refused(
                f"{frame.place[1]} took {what.label} as it was: only a fresh process runs that again"
            )
