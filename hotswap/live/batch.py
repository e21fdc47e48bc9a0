"""One batch becomes one transaction: planned whole, carried out whole, verified, or rolled back whole."""

from __future__ import annotations

import inspect
import linecache
import os
import sys
import traceback
from dataclasses import dataclass, field, replace
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from hotswap import hooks
from hotswap.live import instances, patch, registries, verify
from hotswap.live.adapters.base import Refused
from hotswap.live.conformer import conforming
from hotswap.live.dependents import running_code
from hotswap.live.functions import Graft
from hotswap.live.journal import Journal
from hotswap.live.rerun import ModuleSwap, Rerun, StatementRaised, judge_by
from hotswap.source import codes
from hotswap.source.faults import KINDS, syntax_fault
from hotswap.source.model import Change, Fault, Frame, Outcome, Rung, Stale, highest
from hotswap.source.plan import ModulePlan, plan_module
from hotswap.source.units import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hotswap.live.tracker import Loaded, Tracker


@dataclass(slots=True, eq=False)
class Edit:
    """One module's new source."""

    entry: Loaded
    data: bytes
    lines: frozenset[int] = frozenset()
    """Lines whose statements run again although their text did not change: the data files they read did."""
    because: str = ""


@dataclass(slots=True)
class Batch:
    """What is to be swapped in together."""

    edits: list[Edit] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    """As given, those that differ from what runs."""
    deleted: list[Loaded] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    @classmethod
    def of_sources(cls, tracker: Tracker, sources: Mapping[str, bytes | None]) -> Batch:
        """Make a batch of sources held in memory (undo)."""
        batch = cls()
        for path, data in sources.items():
            for entry in tracker.at(path):
                if data is not None and entry.data != data:
                    batch.edits.append(Edit(entry, data))
                    batch.paths.append(path)
        return batch


def read_batch(tracker: Tracker, given: list[str] | None, pending: Iterable[str]) -> Batch:
    """Read the files of a batch and of the faulted ones before it; drop those that equal what runs."""
    batch = Batch()
    if given is None:
        candidates = sorted({*tracker.tracked(), *tracker.failed})
    else:
        candidates = list(dict.fromkeys([*given, *pending]))
    seen: set[str] = set()
    for path in candidates:
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        _read_one(tracker, batch, path, real)
    return batch


def _read_one(tracker: Tracker, batch: Batch, path: str, real: str) -> None:
    entries = tracker.at(real)
    try:
        with open(real, "rb") as file:
            data: bytes | None = file.read()
    except (FileNotFoundError, NotADirectoryError):
        data = None
    except OSError as error:
        kind = KINDS["HS102"]
        batch.faults.append(Fault(kind.code, kind.title, str(error), path=path, hint=kind.remedy))
        batch.paths.append(path)
        return
    if entries:
        if data is None:
            batch.deleted += entries
            batch.paths.append(path)
            return
        edits = [Edit(e, data) for e in entries if e.data != data]
        if edits:
            batch.edits += edits
            batch.paths.append(path)
        return
    readers = [(e, e.opened[real]) for e in tracker.loaded.values() if real in e.opened]
    if readers:
        for entry, lines in readers:
            batch.edits.append(
                Edit(entry, entry.data, frozenset(lines), f"{os.path.basename(real)} changed")
            )
        batch.paths.append(path)
        return
    if data is not None and real.endswith(".py") and tracker.is_tracked(real):
        batch.created.append(real)
        return
    batch.ignored.append(path)


class Swap:
    """Carries out one batch."""

    def __init__(
        self,
        tracker: Tracker,
        batch: Batch,
        *,
        pin: frozenset[str] = frozenset(),
        live_loops: bool = True,
        reenter: Callable[[Any], bool] | None = None,
        replaced: dict[int, Any] | None = None,
    ) -> None:
        self.tracker = tracker
        self.batch = batch
        self.pin = pin
        self.live_loops = live_loops
        self.reenter = reenter
        self.superseded = replaced if replaced is not None else {}
        self.journal = Journal()
        self.texts: dict[str, Text] = {}
        self.modules: list[ModuleSwap] = []
        self.pairs: dict[CodeType, CodeType] = {}
        self.own_changed: dict[str, set[str]] = {}
        self.made: list[CodeType] = []
        """Code objects the swap made itself; held so that their ids stay valid."""
        self.notes: list[str] = []
        self.stale: list[Stale] = []
        self.changes: list[Change] = []
        self.reason = ""

    # -- planning --------------------------------------------------------------------------------------------------
    def plan_only(self) -> Outcome:
        """Plan, and change nothing."""
        try:
            rung = self._plan()
        except SyntaxError as error:
            return self._fault(syntax_fault(error, self._path_of(error)), None)
        except Refused as refusal:
            return self._exec(str(refusal))
        return Outcome(
            ok=True,
            rung=rung,
            files=tuple(self.batch.paths),
            changes=tuple(self.changes),
            reason=self.reason,
        )

    def _path_of(self, error: SyntaxError) -> str:
        filename = error.filename or ""
        for edit in self.batch.edits:
            if edit.entry.filename == filename:
                return edit.entry.path
        return filename

    def _plan(self) -> Rung:
        if self.batch.faults:
            raise _Faulted(self.batch.faults[0])
        for edit in self.batch.edits:
            text = Text(edit.entry.filename, edit.data)
            try:
                text.tree
                text.code
            except SyntaxError as error:
                error.filename = error.filename or edit.entry.filename
                raise
            self.texts[edit.entry.filename] = text
        rungs: list[Rung] = ["noop"]
        reasons: list[str] = []
        for edit in self.batch.edits:
            swap = self._plan_module(edit)
            self.modules.append(swap)
            plan = swap.plan
            assert plan is not None
            rungs.append(plan.rung)
            self.changes += plan.changes
            if plan.refusal:
                raise Refused(plan.refusal)
            edited = [s for s in swap.steps if s.edited]
            reasons += [s.situation for s in edited if s.verdict == "run"]
            if any(s.verdict == "run" for s in edited) and self._pinned(swap.name):
                raise Refused(f"{swap.name} is pinned, and more than function bodies changed in it")
        if self.batch.deleted or self.batch.created:
            rungs.append("reexec")
        rung = highest(*rungs)
        self.reason = reason_of(rung, reasons, self.changes)
        return rung

    def _plan_module(self, edit: Edit) -> ModuleSwap:
        entry = edit.entry
        new = self.texts[entry.filename]
        old = Text(entry.filename, entry.data)
        overlay = literal_values(old, new)
        plan = plan_module(old, new, judge_by(entry.names), judge_by(entry.names, overlay))
        for step in plan.steps:
            if (
                edit.lines
                and not step.is_guard
                and any(step.unit.line <= n <= step.unit.end for n in edit.lines)
            ):
                if step.verdict == "keep":
                    step.verdict, step.situation = "run", "data"
                    plan.rung = "reexec"
                    plan.changes.append(
                        Change(
                            "~",
                            entry.path,
                            step.unit.label,
                            "re-run",
                            because=edit.because,
                            line=step.unit.line,
                        )
                    )
        before = running_code(entry)
        changed: set[str] = set()
        for one, other in codes.pair(before, new.code):
            if one != other:
                self.pairs[one] = self.tracker.prepared(other)
            if (
                not codes.is_class_body(one)
                and not one.co_name.startswith("<")
                and codes.own(one) != codes.own(other)
            ):
                changed.add(other.co_qualname)
        self.own_changed[entry.name] = changed
        if self.pairs and plan.rung == "noop" and changed:
            plan.rung = "patch"
        return ModuleSwap(entry, new, plan, plan.steps, entry.names, dict(entry.names))

    def _pinned(self, name: str) -> bool:
        return any(name == p or name.startswith(p + ".") for p in self.pin)

    # -- carrying out ----------------------------------------------------------------------------------------------
    def carry_out(self) -> Outcome:
        """Plan, swap, verify, commit; or roll everything back."""
        import gc

        try:
            rung = self._plan()
        except _Faulted as faulted:
            return self._fault(faulted.fault, None)
        except SyntaxError as error:
            return self._fault(syntax_fault(error, self._path_of(error)), None)
        except Refused as refusal:
            return self._exec(str(refusal))
        if not self.batch.paths and not self.batch.created:
            return Outcome(ok=True, rung="noop", files=(), reason="nothing differs from what runs")
        collecting = gc.isenabled()
        gc.disable()
        try:
            rung = self._swap(rung)
        except Refused as refusal:
            self.journal.roll_back()
            return self._exec(str(refusal))
        except StatementRaised as raised:
            self.journal.roll_back()
            return self._fault(self._raised(raised), rung)
        except instances.HookRaised as raised:
            self.journal.roll_back()
            kind = KINDS["HS203"]
            error = raised.error
            return self._fault(
                Fault(
                    kind.code, kind.title, str(raised), frames=self._frames(error), hint=kind.remedy
                ),
                rung,
            )
        except (KeyboardInterrupt, SystemExit):
            self.journal.roll_back()
            raise
        except Exception as error:  # noqa: BLE001 - our own mistake must not take the user's program down
            self.journal.roll_back()
            kind = KINDS["HS301"]
            text = "".join(traceback.format_exception(error))
            return self._fault(
                Fault(
                    kind.code,
                    kind.title,
                    f"{type(error).__name__}: {error}",
                    text=text,
                    hint=kind.remedy,
                ),
                rung,
            )
        finally:
            if collecting:
                gc.enable()
        self.journal.commit()
        self._commit()
        return Outcome(
            ok=True,
            rung=rung,
            files=tuple(self.batch.paths),
            changes=tuple(self.changes),
            stale=tuple(self.stale),
            reason=self.reason,
            notes=tuple(dict.fromkeys(self.notes)),
        )

    def _swap(self, rung: Rung) -> Rung:
        files = {m.entry.filename for m in self.modules}
        graft = Graft(self.journal, self.texts, self.tracker.prepared)
        if rung == "reexec":
            self._dispose()
        heap = patch.survey(files)
        self._patch(heap)
        rerun = None
        if self._may_rerun(rung):
            sources = {m.entry.path: (m.entry.data, m.text.data) for m in self.modules}
            rerun = Rerun(
                self.tracker,
                self.journal,
                graft,
                self.modules,
                self.own_changed,
                self._pinned,
                sources,
            )
            sys_modules = dict(sys.modules)
            self.journal.undo(lambda: _restore_modules(sys_modules))
            rerun.run()
            self.notes += rerun.notes + graft.notes
            self.changes += rerun.changes
            if rung in ("noop", "patch") and any(s.ran for s in rerun.swaps.values()):
                rung = "reexec"
                self.reason = "; ".join(
                    dict.fromkeys(w for s in rerun.swaps.values() for w in s.ran.values())
                )
        if rerun is not None and any(s.ran for s in rerun.swaps.values()):
            files |= {s.entry.filename for s in rerun.swaps.values()}
            heap = patch.survey(files)
            self._normalise(heap)
        self._instances(graft)
        self._verify(heap, graft)
        return rung

    def _may_rerun(self, rung: Rung) -> bool:
        return rung == "reexec" or any(self.own_changed.values())

    def _dispose(self) -> None:
        for module in self.modules:
            if any(s.verdict == "run" for s in module.steps) or (
                module.plan and module.plan.removed
            ):
                for function in list(hooks.runtime.disposers.get(module.entry.name, ())):
                    try:
                        call_hook(function)
                    except Exception as error:
                        raise instances.HookRaised("dispose hook", function, error) from error

    def _patch(self, heap: patch.Heap) -> None:
        changed: set[int] = set()
        text_of = {m.entry.filename: m for m in self.modules}
        for function, code in heap.functions:
            new = self.pairs.get(code)
            if new is None:
                continue
            if codes.own(code) == codes.own(new) and code.co_freevars == new.co_freevars:
                patch.relocate(function, code, new, self.journal)
                continue
            if code.co_freevars != new.co_freevars:
                module = text_of[code.co_filename]
                owner = owner_of(module.names, new.co_qualname)
                made = conforming(module.text, new, code.co_freevars, owner)
                if made is None:
                    continue
                new = self.tracker.prepared(made)
                self.made.append(new)
            patch.conform(function, code, new, self.journal)
            patch.set_docstring(function, code, new, self.journal)
            changed.add(id(function))
        if changed:
            cleared = patch.clear_caches(heap, changed)
            self.notes += [f"lru_cache of {name} cleared" for name in dict.fromkeys(cleared)]

    def _normalise(self, heap: patch.Heap) -> None:
        """Give functions that a statement compiled alone made the code of the whole-file compile.

        The two may differ: calls on an imported module are spelled with LOAD_ATTR or LOAD_METHOD depending on whether
        the import stands in the same compile unit (engine.md section 2, pitfall a).
        """
        places: dict[tuple[str, str, int, str], list[CodeType]] = {}
        whole: dict[str, set[CodeType]] = {}
        for module in self.modules:
            found = {self.tracker.prepared(c) for c in codes.walk(module.text.code)}
            whole[module.entry.filename] = found
            for code in found:
                key = (code.co_filename, code.co_qualname, code.co_firstlineno, code.co_name)
                places.setdefault(key, []).append(code)
        for function, _ in heap.functions:
            code = function.__code__
            if code.co_filename not in whole or code in whole[code.co_filename]:
                continue
            same = places.get(
                (code.co_filename, code.co_qualname, code.co_firstlineno, code.co_name), ()
            )
            same = [
                c
                for c in same
                if c.co_freevars == code.co_freevars and c.co_varnames == code.co_varnames
            ]
            if len(same) == 1 and not any(code is m for m in self.made):
                patch.relocate(function, code, same[0], self.journal)
        heap.functions = [(f, f.__code__) for f, _ in heap.functions]

    def _instances(self, graft: Graft) -> None:
        gains = []
        for module in self.modules:
            for step in module.steps:
                if (
                    step.unit.kind == "class"
                    and step.verdict != "keep"
                    and step.old is not None
                    and step.old.kind == "class"
                ):
                    cls = module.names.get(step.unit.name)
                    if isinstance(cls, type):
                        gains += instances.gained(step.old, step.unit, cls, module.entry.path)
        notes, stale = instances.fill(gains, self.journal, set(graft.shaped))
        self.notes += notes
        self.stale += stale

    def _verify(self, heap: patch.Heap, graft: Graft) -> None:
        heap.functions = [(f, f.__code__) for f, _ in heap.functions]
        compiles: dict[str, Iterable[CodeType]] = {
            m.entry.filename: {self.tracker.prepared(c) for c in codes.walk(m.text.code)}
            for m in self.modules
        }
        paths = {m.entry.filename: m.entry.path for m in self.modules}
        excused = {id(c) for c in self.made}
        for function, row in verify.stale_functions(heap, compiles, excused, paths):
            if id(function) in graft.forwarding or function.__code__.co_name == "forward":
                continue
            if self._still_defined(row):
                self.stale.append(row)

    def _still_defined(self, row: Stale) -> bool:
        return any(
            c.co_qualname == row.name
            for m in self.modules
            if m.entry.path == row.path
            for c in codes.walk(m.text.code)
        )

    def _commit(self) -> None:
        for module in self.modules:
            entry = module.entry
            entry.data = module.text.data
            entry.code = self.tracker.prepared(module.text.code)
            show(entry.filename, module.text)

    # -- outcomes --------------------------------------------------------------------------------------------------
    def _exec(self, reason: str) -> Outcome:
        return Outcome(
            ok=False,
            rung="exec",
            files=tuple(self.batch.paths),
            changes=tuple(self.changes),
            reason=reason,
        )

    def _fault(self, fault: Fault, rung: Rung | None) -> Outcome:
        for edit in self.batch.edits:
            show(edit.entry.filename, Text(edit.entry.filename, edit.entry.data))
        return Outcome(ok=False, rung=rung, files=tuple(self.batch.paths), fault=fault)

    def _raised(self, raised: StatementRaised) -> Fault:
        kind = KINDS["HS201"]
        error = raised.error
        if isinstance(error, SyntaxError) and error.filename and error.filename not in self.texts:
            return syntax_fault(error, error.filename)
        frames = self._frames(error)
        last = frames[-1] if frames else None
        what = raised.unit.label
        return Fault(
            kind.code,
            f"{type(error).__name__} while {what} ran",
            str(error) or type(error).__name__,
            path=last.path if last else raised.entry.path,
            line=last.line if last else raised.unit.line,
            text=last.text if last else "",
            frames=frames,
            hint=kind.remedy,
        )

    def _frames(self, error: BaseException) -> tuple[Frame, ...]:
        """Give the user's frames of a traceback, outermost first, with the lines of the new source."""
        found = []
        for frame, line in traceback.walk_tb(error.__traceback__):
            code = frame.f_code
            path = os.path.realpath(code.co_filename)
            if not self.tracker.is_tracked(path):
                continue
            text = self.texts.get(code.co_filename)
            if text is not None and line <= len(text.lines):
                shown = text.lines[line - 1].strip()
            else:
                shown = linecache.getline(code.co_filename, line).strip()
            found.append(Frame(path, line, code.co_name, shown))
        return tuple(found)


class _Faulted(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


def call_hook(function: Callable[..., Any], *arguments: Any) -> None:
    """Call a hook that may be async: on the running loop as a task, else to its end."""
    result = function(*arguments)
    if not inspect.iscoroutine(result):
        return
    import asyncio

    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(result)
        return
    task = loop.create_task(result)
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


_tasks: set[Any] = set()


def _restore_modules(before: dict[str, Any]) -> None:
    for name in [n for n in sys.modules if n not in before]:
        module = sys.modules.pop(name)
        parent, _, child = name.rpartition(".")
        holder = sys.modules.get(parent)
        if holder is not None and holder.__dict__.get(child) is module:
            del holder.__dict__[child]
    for name, module in before.items():
        if sys.modules.get(name) is not module:
            sys.modules[name] = module


def show(filename: str, text: Text) -> None:
    """Let tracebacks, pdb and `inspect.getsource` show the source that runs, whatever the file holds by now."""
    lines = text.lines
    if lines and lines[-1] == "\n":
        lines = lines[:-1]
    linecache.cache[filename] = (len(text.data), None, list(lines), filename)


def owner_of(names: Mapping[str, Any], qualname: str) -> type | None:
    """Give the class whose method a qualified name is."""
    parts = qualname.split(".")
    if len(parts) < 2 or "<locals>" in parts:
        return None
    found: Any = names.get(parts[0])
    for part in parts[1:-1]:
        found = (
            type.__dict__["__dict__"].__get__(found).get(part) if isinstance(found, type) else None
        )
    return found if isinstance(found, type) else None


def literal_values(old: Text, new: Text) -> dict[str, Any]:
    """Give the names that the edit binds to another literal: an ``if`` that tests them goes the new way."""
    import ast

    found: dict[str, Any] = {}
    known = {u.fingerprint for u in old.units if u.kind == "assign"}
    for unit in new.units:
        if (
            unit.kind == "assign"
            and len(unit.binds) == 1
            and unit.value is not None
            and unit.fingerprint not in known
        ):
            try:
                found[unit.binds[0]] = ast.literal_eval(unit.value)
            except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
                continue
    return found


def reason_of(rung: Rung, situations: list[str], changes: list[Change]) -> str:
    """Say in one line why the batch had to climb this far."""
    if rung == "noop":
        return "only comments, blank lines or positions changed"
    if rung == "patch":
        names = [c.name for c in changes]
        return (
            f"only bodies changed: {', '.join(names[:3])}{' ...' if len(names) > 3 else ''}"
            if names
            else "only bodies changed"
        )
    kinds = list(dict.fromkeys(situations))
    return ", ".join(kinds) + " changed" if kinds else "statements were moved or removed"


__all__ = [
    "Batch",
    "Edit",
    "FunctionType",
    "ModulePlan",
    "Swap",
    "call_hook",
    "read_batch",
    "registries",
    "replace",
]
