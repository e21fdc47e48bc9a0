"""What becomes of a suspended frame: it takes the new body, finishes its turn first, or stays.

Pure but for the initialisers it evaluates: it reads parked frames and writes nothing. The rules are those of
docs/explanation/running-code.md.
"""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, replace
from functools import cached_property
from types import CellType
from typing import TYPE_CHECKING, Any

from hotswap.live.journal import MISSING
from hotswap.live.loops import bridge as bridges
from hotswap.live.loops import finishing, missed
from hotswap.live.loops.bytecode import Facts, cells, same_body
from hotswap.live.loops.images import Likeness, image
from hotswap.live.loops.initialisers import Initialiser, initialiser
from hotswap.live.loops.landing import Landing, landing
from hotswap.live.loops.model import Refused
from hotswap.live.loops.moves import Exchange, Move, fitted
from hotswap.live.loops.names import (
    Binding,
    bindings_before,
    constants,
    parameters,
)
from hotswap.live.loops.order import keep_order, keep_turns
from hotswap.live.loops.places import FUNCTIONS, Function, Place, places
from hotswap.live.loops.renames import renames, with_names, with_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import CodeType

    from hotswap.live.loops.frames import Parked


@dataclass(eq=False)
class Side:
    """One version of a function: its code and its syntax."""

    code: CodeType
    facts: Facts
    node: ast.AST | None
    module: ast.Module

    @cached_property
    def places(self) -> list[Place]:
        """Its places, in source order.

        Raises:
            Refused: They cannot be told.
        """
        return places(self.function, self.facts)

    @property
    def function(self) -> Function:
        """Its syntax.

        Raises:
            Refused: It has none of its own.
        """
        if not isinstance(self.node, FUNCTIONS):
            raise Refused("its source is not found")
        return self.node

    @cached_property
    def owner(self) -> str:
        """Name of the class around it, for private names; "" when there is none."""
        parts = self.code.co_qualname.split(".")
        for index in range(len(parts) - 2, -1, -1):
            if parts[index] != "<locals>":
                return parts[index] if parts[index + 1] != "<locals>" else ""
        return ""

    @cached_property
    def globals(self) -> frozenset[str]:
        """Names that it reads or binds as globals."""
        return frozenset(
            str(i.argval) for i in self.facts.instructions if i.opname.endswith("_GLOBAL")
        )

    def renamed(self, names: Mapping[str, str]) -> Side:
        """Give the same with locals called otherwise."""
        code = with_names(self.code, names)
        return Side(code, Facts(code), with_words(self.function, names), self.module)

    def at(self, offset: int) -> Place:
        """Give the place of the await at `offset`.

        Raises:
            Refused: It has none.
        """
        for place in self.places:
            if offset in place.copies:
                return place
        raise Refused("it is parked at an await that cannot be told from another")


def _renamed(old: Side, new: Side) -> dict[str, str]:
    if not isinstance(old.node, FUNCTIONS) or not isinstance(new.node, FUNCTIONS):
        return {}
    own = (*old.code.co_varnames, *old.code.co_cellvars)
    return renames(old.node, new.node, dict.fromkeys(own))


class Decision:
    """Gives the moves of one point of one code object, best first; shared by all frames parked there alike."""

    def __init__(self, old: Side, new: Side, parked: Parked, filename: str) -> None:
        self.renamed = _renamed(old, new)
        """Old name -> new name of locals; the decision knows them by their new ones."""
        self.old = old.renamed(self.renamed) if self.renamed else old
        self.new = new
        self.filename = filename
        self.offset = parked.offset
        self.names = tuple(self.renamed.get(n, n) for n in parked.names)
        self.bound = frozenset(
            n for n, filled in zip(self.names, parked.bound, strict=True) if filled
        )
        self.capacity = parked.capacity
        self.module_globals = parked.globals
        self.reasons: list[str] = []
        """Why the moves so far are not possible, in order."""
        self.line = 0
        self.undefined = ""
        """A global name that the new body reads and nothing defines: entering it anew would fail, too."""
        self._moves: list[Move] = []
        self._rest = self._all()

    def moves(self) -> Iterator[Move]:
        """Give the moves, computed once and only as far as they are asked for."""
        index = 0
        while True:
            if index == len(self._moves):
                found = next(self._rest, None)
                if found is None:
                    return
                self._moves.append(replace(found, renamed=self.renamed) if self.renamed else found)
            yield self._moves[index]
            index += 1

    def because(self, reason: str) -> None:
        """Note why a move is not possible."""
        if reason not in self.reasons:
            self.reasons.append(reason)

    def _all(self) -> Iterator[Move]:
        if same_body(self.old.code, self.new.code):
            try:
                yield self._same()
            except Refused as refusal:
                self.because(refusal.reason)
            return
        try:
            if self.new.code.co_qualname != self.old.code.co_qualname:
                raise Refused("its function is gone")  # noqa: TRY301
            self.undefined = self._undefined()
            if self.undefined:
                raise Refused(f"the new one reads {self.undefined}, which is not defined")  # noqa: TRY301
            place = self.old.at(self.offset)
            self.line = place.line
            depth = self.old.facts.parked(self.offset)
        except Refused as refusal:
            self.because(refusal.reason)
            return
        like = Likeness(place.halves)
        try:
            found = image(place, self.old.places, self.new.places, like)
            if found is None:
                self.because("its await was edited or is gone")
            else:
                yield self._take(place, found, depth)
        except Refused as refusal:
            self.because(refusal.reason)
        yield from finishing.moves(self, place, depth, like)

    def _undefined(self) -> str:
        """Give a global name that only the new body reads, and that would end the frame with a `NameError`.

        Files are saved one by one, and the import often comes last: a frame that waits for it lives.
        """
        known = {*self.module_globals, *vars(builtins), *self.old.globals}
        unknown = [name for name in sorted(self.new.globals) if name not in known]
        if unknown:  # functions may bind it later: ``global name``
            bound = [n.names for n in ast.walk(self.new.module) if isinstance(n, ast.Global)]
            unknown = [name for name in unknown if not any(name in names for names in bound)]
        return unknown[0] if unknown else ""

    def _same(self) -> Move:
        """The same body on other lines, or with other free room."""
        target = landing(self.new.facts, self.offset)
        sources = tuple(range(len(target.names)))
        at = self.new.facts.instructions[self.new.facts.at[self.offset]].positions
        self.line = (at.lineno if at else None) or 0
        return Move(
            "take",
            fitted(target, self.capacity),
            sources,
            frozenset(),
            line=self.line,
            node=self.new.node,
        )

    def _take(self, old: Place, new: Place, depth: tuple[str, ...]) -> Move:
        side, new = self._sharing(new)
        target = self.landing(old, new, side.facts, depth)
        sources, wrapped, given = self.carried(target)
        function, owner = self.new.function, self.new.owner
        before = parameters(function, owner) + bindings_before(new, function, owner)
        keep_order(old, self.old.function, new, function)
        ago = bindings_before(old, self.old.function, self.old.owner)
        keep_turns(ago, before, side.facts.needed(target.offset) & self.bound)
        fresh = self.fresh(target, before, side.facts)
        changed, notes = self.edited(old, new, self.new.function, before, target, fresh)
        return Move(
            kind="take",
            landing=fitted(target, self.capacity),
            sources=sources,
            wrapped=wrapped,
            given=given,
            fresh=fresh,
            constants=changed,
            notes=notes,
            line=new.line,
            node=side.node,
        )

    def _sharing(self, place: Place) -> tuple[Side, Place]:
        """Give the new side, and `place` in it, with every name a cell that a closure of the old frame may hold."""
        old, new = self.old.code, self.new.code
        lost = [
            n
            for n in self.names
            if n in old.co_cellvars and n in new.co_varnames and n not in new.co_cellvars
        ]
        if not lost:
            return self.new, place
        function = bridges.with_cells(self.new.function, lost)
        code = bridges.compile_in_place(
            function, self.new.function, self.new.module, self.filename, new.co_qualname
        )
        side = Side(code, Facts(code), function, self.new.module)
        return side, next(p for p in side.places if p.node is place.node)

    def landing(self, old: Place, new: Place, facts: Facts, depth: tuple[str, ...]) -> Landing:
        """Give the landing in the copy of `new` that stands for the frame's copy of `old`.

        Raises:
            Refused: The copies cannot be matched, or other things lie on the value stack there.
        """
        olds = [o for o in old.copies if self.old.facts.stacks.get(o, ())[:-1] == depth]
        news = [o for o in new.copies if facts.stacks.get(o, ())[:-1] == depth]
        if len(olds) != len(news):
            raise Refused("the await stands in another number of byte code copies")
        target = landing(facts, news[olds.index(self.offset)])
        here = landing(self.old.facts, self.offset)
        if target.stack != depth or target.delegates != here.delegates:
            raise Refused("other nesting at the await")
        return target

    def carried(
        self, target: Landing, extra: Mapping[str, Any] | None = None
    ) -> tuple[tuple[int | None, ...], frozenset[int], dict[int, Any]]:
        """Say where each slot of the new frame comes from.

        Raises:
            Refused: A closure shares a name that the new code does not share, or the other way round.
        """
        old, own = self.old.code, {n: i for i, n in enumerate(self.names)}
        shared, free, new_free = cells(old), set(old.co_freevars), set(target.code.co_freevars)
        sources: list[int | None] = []
        wrapped, given = set(), {}
        for slot, name in enumerate(target.names):
            source = own.get(name)
            sources.append(source)
            if extra and name in extra:
                given[slot] = extra[name]
                if name in target.cells:
                    wrapped.add(slot)
            elif name in new_free:
                if source is None and name == "__class__":
                    given[slot] = CellType(self._class())
                elif source is None or name not in free:
                    raise Refused(f"it captures {name} now, which it did not")
            elif source is not None and name in shared:
                if name in free or name not in target.cells:
                    raise Refused(f"{name} is shared with a closure")
            elif name in target.cells:
                wrapped.add(slot)
        return tuple(sources), frozenset(wrapped), given

    def _class(self) -> type:
        """Give the class that the function is a method of, for ``super()``.

        Raises:
            Refused: It cannot be told.
        """
        found: Any = MISSING
        for part in self.new.code.co_qualname.split(".")[:-1]:
            scope = self.module_globals if found is MISSING else vars(found)
            found = scope.get(part, MISSING)
            if not isinstance(found, type):
                raise Refused("its class is not found")
        if found is MISSING:
            raise Refused("its class is not found")
        made: type = found
        return made

    def fresh(
        self, target: Landing, before: list[Binding], facts: Facts, given: tuple[str, ...] = ()
    ) -> tuple[tuple[int, Initialiser], ...]:
        """Find initialisers for the names that are not bound and will be read.

        Raises:
            Refused: A fresh run would have bound one of them in a way that cannot be made up for; or the interpreter
                would read an empty slot unchecked.
        """
        needed, assured = facts.needed(target.offset), facts.assured(target.offset)
        shared = cells(self.old.code)
        order = {id(binding): place for place, binding in enumerate(before)}
        own = {n: s for s, n in enumerate(target.names) if n not in target.code.co_freevars}
        found: dict[str, Initialiser] = {}
        work = [n for n in own if n in needed or n in target.demanded]
        while work:
            name = work.pop()
            if name in self.bound or name in given or name in found:
                continue
            made = initialiser(name, before, self.new.code)
            if made is None and (name in assured or name in target.demanded):
                raise Refused(f"{name} would be read before it is bound")
            if made is not None and name in shared:
                raise Refused(f"{name} is shared with a closure")
            if made is not None:
                found[name] = made
                work += made.reads & own.keys()
        ordered = sorted(found.items(), key=lambda pair: order[id(pair[1].binding)])
        return tuple((own[name], made) for name, made in ordered)

    def edited(
        self,
        old: Place,
        new: Place,
        function: ast.AST,
        before: list[Binding],
        target: Landing,
        fresh: tuple[tuple[int, Initialiser], ...],
    ) -> tuple[tuple[Exchange, ...], tuple[str, ...]]:
        """Find edited lines that the frame has passed: constants to exchange, and notes on the others.

        Args:
            old: Where the frame is parked.
            new: Where it will be.
            function: What `new` is in: the edited function, or a bridge.
            before: What binds names on the way to `new`.
            target: The landing there.
            fresh: What is made up for.
        """
        ago = parameters(self.old.function, self.old.owner)
        ago += bindings_before(old, self.old.function, self.old.owner)
        constants_before = constants(self.old.function, self.old.owner)
        constants_after = constants(self.new.function, self.new.owner)
        made = {one.binding.name for _, one in fresh}
        changed, notes = [], list(missed.heads(old, new))
        for name in dict.fromkeys(b.name for b in before if not b.in_turn):
            mine, theirs = _first_values(name, before), _first_values(name, ago)
            if name not in self.bound or name in made or not theirs or name not in target.names:
                continue
            edited = [line for says, line in mine.items() if says not in theirs]
            if not edited:
                continue
            slot = target.names.index(name)
            exchanged = name in constants_before and name in constants_after
            if exchanged and name not in cells(self.old.code):
                value, line = constants_after[name]
                changed.append(Exchange(slot, name, constants_before[name][0], value, line))
            else:
                notes.append(f"{name} keeps its value: line {edited[0]} does not run again")
        left = isinstance(old.node, ast.AsyncWith) and self.old.facts.leaves(self.offset)
        notes += missed.lines(old, self.old.function, new, function, left=left)
        return tuple(changed), tuple(notes)


def _first_values(name: str, bindings: list[Binding]) -> dict[str, int]:
    """Give what binds a name before the turn, with its lines."""
    return {b.says: b.line for b in bindings if b.name == name and not b.in_turn}
