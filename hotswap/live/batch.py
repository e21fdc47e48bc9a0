"""One batch becomes one transaction: planned whole, carried out whole, verified, or rolled back whole."""

from __future__ import annotations

import ast
import importlib
import inspect
import linecache
import os
import sys
import traceback
from dataclasses import dataclass, field, replace
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from hotswap import hooks
from hotswap.live import adapters, instances, patch, registries, verify
from hotswap.live.adapters.base import Refused
from hotswap.live.classes import foreseen
from hotswap.live.conformer import conforming
from hotswap.live.dependents import running_code
from hotswap.live.functions import Graft
from hotswap.live.journal import Journal
from hotswap.live.rerun import ModuleSwap, Rerun, StatementRaised, judge_by
from hotswap.live.tracker import digest_of
from hotswap.source import codes
from hotswap.source.faults import KINDS, syntax_fault
from hotswap.source.model import Change, Fault, Frame, Outcome, Rung, Stale, highest
from hotswap.source.plan import ModulePlan, plan_module
from hotswap.source.units import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hotswap.live.tracker import Loaded, Tracker
    from hotswap.source.units import Unit


@dataclass(slots=True, eq=False)
class Edit:
    """One module's new source."""

    entry: Loaded
    data: bytes
    old_lines: set[int] = field(default_factory=set)
    """Lines of the running source whose statements run again although their text did not change."""
    because: str = ""
    filename: str = ""
    """Where the module lives from now on, when that changed (a module became a package)."""


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
    same: list[str] = field(default_factory=list)
    """Files that hold what runs: no longer pending, if they were."""

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
        candidates = sorted({*tracker.tracked(), *tracker.failed, *tracker.loose()})
    else:
        candidates = list(dict.fromkeys([*given, *pending]))
    seen: set[str] = set()
    for path in candidates:
        real = os.path.realpath(path)
        if real in seen:
            continue
        seen.add(real)
        _read_one(tracker, batch, path, real)
    _join_data(batch)
    _relocate(batch)
    _wake(tracker, batch)
    return batch


def _join_data(batch: Batch) -> None:
    """A module that is edited AND read a changed data file is one edit."""
    whole = {id(e.entry): e for e in batch.edits if not e.old_lines}
    kept: dict[int, Edit] = {}
    for edit in batch.edits:
        first = whole.get(id(edit.entry)) or kept.get(id(edit.entry))
        if edit.old_lines and first is not None and first is not edit:
            first.old_lines |= edit.old_lines
            first.because = edit.because
        else:
            kept[id(edit.entry)] = edit
    batch.edits = list(kept.values())


def _relocate(batch: Batch) -> None:
    """``lib.py`` became ``lib/__init__.py``, or the other way round: the same module in another place."""
    if not batch.deleted or not batch.created:
        return
    for entry in list(batch.deleted):
        folder, base = os.path.split(entry.path)
        stem = folder if base == "__init__.py" else os.path.splitext(entry.path)[0]
        for path in (stem + ".py", os.path.join(stem, "__init__.py")):
            if path in batch.created and path != entry.path:
                with open(path, "rb") as file:
                    batch.edits.append(Edit(entry, file.read(), filename=path))
                batch.deleted.remove(entry)
                batch.created.remove(path)


def _wake(tracker: Tracker, batch: Batch) -> None:
    """A new or mended file: let the statements run again that asked for it in vain."""
    for path in batch.created:
        for entry in list(tracker.loaded.values()):
            for name, lines in entry.missing.items():
                if not _could_be(name, path):
                    continue
                existing = next((e for e in batch.edits if e.entry is entry), None)
                if existing is None:
                    existing = Edit(entry, entry.data)
                    batch.edits.append(existing)
                existing.old_lines |= lines
                existing.because = f"{name} exists now"
                if path not in batch.paths:
                    batch.paths.append(path)


def _could_be(name: str, path: str) -> bool:
    parts = name.split(".")
    tail = os.path.join(*parts)
    return path.endswith((os.sep + tail + ".py", os.sep + os.path.join(tail, "__init__.py")))


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
        else:
            batch.same.append(path)
        return
    readers = [e for e in tracker.loaded.values() if real in e.opened]
    if readers:
        digest = digest_of(real)
        stale = [e for e in readers if e.seen.get(real) != digest]
        for entry in stale:
            name = os.path.basename(real)
            batch.edits.append(
                Edit(
                    entry,
                    entry.data,
                    set(entry.opened[real]),
                    f"{name} {'changed' if digest else 'is gone'}",
                )
            )
        if stale:
            batch.paths.append(path)
        return
    if data is not None and real.endswith(".py") and tracker.is_tracked(real):
        loose = tracker.find_loose(real)
        for entry in loose:
            if entry.data != data:
                batch.edits.append(Edit(entry, data))
                batch.paths.append(path)
        if not loose:
            batch.created.append(real)
        return
    batch.ignored.append(path)


PLAIN: dict[int, tuple[CodeType, CodeType]] = {}
"""id(code) -> (code, the compile's code it stands for): codes made to fit a live function's free variables."""


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
        adopt_value: Callable[[Any, Any, Journal], bool] | None = None,
    ) -> None:
        self.tracker = tracker
        self.batch = batch
        self.pin = pin
        self.live_loops = live_loops
        self.reenter = reenter
        self.adopt_value = adopt_value
        self.followed: Any = None
        self.plain = PLAIN
        self.codes_before: dict[int, CodeType] = {}
        self._named: dict[str, dict[str, list[CodeType]]] = {}
        self.grafted = False
        self.compiled: dict[str, CodeType] = {}
        """By `co_filename`: the new whole-file compiles, as they go into live functions."""
        self.noted: dict[str, tuple[dict[str, set[int]], dict[str, set[int]]]] = {}
        self.journal = Journal()
        self.texts: dict[str, Text] = {}
        self.modules: list[ModuleSwap] = []
        self.pairs: dict[CodeType, CodeType] = {}
        self.own_changed: dict[str, set[str]] = {}
        self.class_bodies: list[tuple[Loaded, CodeType, CodeType]] = []
        self.notes: list[str] = []
        self.stale: list[Stale] = []
        self.changes: list[Change] = []
        self.reason = ""

    # -- planning --------------------------------------------------------------------------------------------------
    def plan_only(self) -> Outcome:
        """Plan, and change nothing."""
        try:
            rung = self._plan()
            rung = self._foresee(rung)
        except _Faulted as faulted:
            return self._fault(faulted.fault, None)
        except SyntaxError as error:
            return self._fault(syntax_fault(error, self._path_of(error)), None)
        except Refused as refusal:
            return self._exec(str(refusal))
        finally:
            self.journal.roll_back()
            for edit in self.batch.edits:
                show(edit.entry.filename, Text(edit.entry.filename, edit.entry.data))
        return Outcome(
            ok=True,
            rung=rung,
            files=tuple(self.batch.paths),
            changes=tuple(self.changes),
            reason=self.reason,
        )

    def _foresee(self, rung: Rung) -> Rung:
        """Climb as far as running would, as far as that can be told without running anything."""
        if rung != "noop":
            rerun = self._rerun(Graft(self.journal, self.texts, self.tracker.prepared))
            rerun.replay.refuse(
                {a: b for a, b in self.pairs.items() if codes.own(a) != codes.own(b)}
            )
            why = rerun.would_run()
            if why and rung == "patch":
                self.reason = why
                return "reexec"
        return rung

    def _rerun(self, graft: Graft) -> Rerun:
        sources = {m.entry.path: (m.entry.data, m.text.data) for m in self.modules}
        return Rerun(
            self.tracker, self.journal, graft, self.modules, self.own_changed, self._pinned, sources
        )

    def _check_classes(self, module: ModuleSwap) -> None:
        """Find the classes that cannot take their edit before anything runs."""
        for step in module.steps:
            cls = module.names.get(step.unit.name) if step.delta is not None else None
            if (
                step.delta is None
                or step.old is None
                or step.verdict != "run"
                or not isinstance(cls, type)
            ):
                continue
            attributes = {
                n
                for u in (step.old, step.unit)
                for m in u.members
                if m.kind == "assign"
                for n in named_by(m)
            }
            told = [(name.rpartition(".")[2], mark) for mark, name, _, _ in step.delta.changed]
            rows = [(name, mark) for name, mark in told if name in attributes]
            changed = step.old.class_head[1:3] != step.unit.class_head[1:3]
            bases = tuple(ast.unparse(b) for b in step.unit.node.bases) if changed else None  # type: ignore[attr-defined]
            reason = foreseen(cls, rows, bases, slots_changed(step.old, step.unit), module.names)
            if reason:
                raise Refused(reason)

    def _path_of(self, error: SyntaxError) -> str:
        filename = error.filename or ""
        for edit in self.batch.edits:
            if edit.entry.filename == filename:
                return edit.entry.path
        return filename

    def _plan(self) -> Rung:
        if self.batch.faults:
            raise _Faulted(self.batch.faults[0])
        for path in self.batch.created:
            if any(_could_be(n, path) for e in self.tracker.loaded.values() for n in e.missing):
                with open(path, "rb") as file:
                    text = Text(path, file.read())
                self.texts[path] = text
                compile(text.data, path, "exec", dont_inherit=True)
        for edit in self.batch.edits:
            text = Text(edit.filename or edit.entry.filename, edit.data)
            try:
                text.check()
            except SyntaxError as error:
                error.filename = error.filename or text.filename
                raise
            self.texts[text.filename] = text
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
            self._check_classes(swap)
            if any(s.verdict == "run" for s in edited) and self._pinned(swap.name):
                raise Refused(f"{swap.name} is pinned, and more than function bodies changed in it")
        if self.batch.deleted:
            rungs.append("reexec")
            for entry in self.batch.deleted:
                self.changes.append(Change("-", entry.path, entry.name, "module removed"))
        rung = highest(*rungs)
        self.reason = reason_of(rung, reasons, self.changes)
        return rung

    def _plan_module(self, edit: Edit) -> ModuleSwap:
        entry = edit.entry
        new = self.texts[edit.filename or entry.filename]
        old = Text(entry.filename, entry.data)
        overlay = literal_values(old, new)
        plan = plan_module(old, new, judge_by(entry.names), judge_by(entry.names, overlay))
        for step in plan.steps:
            was = step.old
            if was is None or step.is_guard or step.verdict == "run":
                continue
            if any(was.line <= n <= was.end for n in edit.old_lines):
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
        before, after = running_code(entry), self.tracker.prepared(new.code)
        self.compiled[new.filename] = after
        changed: set[str] = set()
        for one, other in codes.pair(before, after):
            if one != other:
                self.pairs[one] = other
            if codes.is_class_body(one):
                self.class_bodies.append((entry, one, other))
            elif codes.own(one) != codes.own(other):
                changed.add(other.co_qualname.split(".<locals>.<")[0])
        for step in plan.steps:
            if step.situation == "lambda bodies":
                changed.update(step.unit.binds)
        changed.discard("<lambda>")
        self.own_changed[entry.name] = changed
        if changed:
            plan.rung = highest(plan.rung, "patch")
        self.noted[entry.name] = (
            {k: set(v) for k, v in entry.opened.items()},
            {k: set(v) for k, v in entry.missing.items()},
        )
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
        if not self.batch.paths:
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
            frames = self._frames(raised.error)
            return self._fault(
                Fault(kind.code, kind.title, str(raised), frames=frames, hint=kind.remedy),
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
        if self.followed is not None:
            stale, notes = self.followed.finish(self.reenter)
            self.stale += stale
            self.notes += notes
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
        if self.batch.deleted or self.batch.paths:
            importlib.invalidate_caches()
        self.journal.undo(self._restore_tracker())
        graft = Graft(self.journal, self.texts, self.tracker.prepared)
        graft.codes_before = self.codes_before
        rerun = None
        if self._may_rerun(rung):
            rerun = self._rerun(graft)
            replaced = {a: b for a, b in self.pairs.items() if codes.own(a) != codes.own(b)}
            rerun.adopt_value = self.adopt_value
            rerun.replay.refuse(replaced)
        if rung == "reexec":
            self._dispose()
        files = {m.entry.filename for m in self.modules}
        heap = patch.survey(files)
        self._patch(heap)
        self._move_files()
        ran = False
        if rerun is not None:
            self._delete(rerun)
            self.grafted = True
            rerun.run()
            self.notes += rerun.notes + graft.notes
            self.changes += rerun.changes
            reasons = {
                w: None for s in rerun.swaps.values() for w in s.ran.values() if w != "edited"
            }
            remade = [c.because for c in rerun.changes if c.what == "re-run"]  # no module holds it
            ran = bool(remade) or any(s.ran or s.deleted for s in rerun.swaps.values())
            if rung in ("noop", "patch") and ran:
                rung = "reexec"
                self.reason = "; ".join(list(reasons or dict.fromkeys(remade))[:3])
            elif (
                rung == "reexec" and not ran and not self.batch.deleted and not rerun.replay.touched
            ):
                rung = "patch" if any(self.own_changed.values()) else "noop"
                self.reason = reason_of(rung, [], self.changes)
        if ran and rerun is not None:
            everything = {s.entry.filename for s in rerun.swaps.values()} | set(self.texts) | files
            heap = patch.survey(everything)
            self._normalise(heap)
        self._instances(graft)
        self._verify(heap, graft)
        self._move_frames(heap)
        return rung

    def _restore_tracker(self) -> Callable[[], None]:
        modules, loaded, failed = (
            dict(sys.modules),
            dict(self.tracker.loaded),
            dict(self.tracker.failed),
        )
        opened = {
            e.name: ({k: set(v) for k, v in e.opened.items()}, dict(e.missing))
            for e in loaded.values()
        }

        def put_back() -> None:
            _restore_modules(modules)
            self.tracker.loaded.clear()
            self.tracker.loaded.update(loaded)
            self.tracker.failed.clear()
            self.tracker.failed.update(failed)
            for entry in loaded.values():
                entry.opened, entry.missing = opened[entry.name]

        return put_back

    def _move_files(self) -> None:
        """Tell a module that became a package, or the other way round, where it lives now."""
        from importlib.util import spec_from_file_location

        for edit in self.batch.edits:
            if not edit.filename:
                continue
            names, filename = edit.entry.names, edit.filename
            package = os.path.basename(filename) == "__init__.py"
            folders = [os.path.dirname(filename)] if package else None
            spec = spec_from_file_location(
                edit.entry.name, filename, submodule_search_locations=folders
            )
            self.journal.content(names)
            names.update(__file__=filename, __spec__=spec, __cached__=spec.cached if spec else None)
            names["__package__"] = (
                edit.entry.name if package else edit.entry.name.rpartition(".")[0]
            )
            if package:
                names["__path__"] = folders
            else:
                names.pop("__path__", None)

    def _delete(self, rerun: Rerun) -> None:
        """Take modules whose files are gone out of `sys.modules`; who still imports them runs that import again."""
        for entry in self.batch.deleted:
            if entry.name == "__main__":
                raise Refused(f"{entry.path} is the program itself and was deleted")
            self.journal.setitem(sys.modules, entry.name, None)
            del sys.modules[entry.name]
            parent, _, child = entry.name.rpartition(".")
            holder = sys.modules.get(parent)
            if holder is not None and holder.__dict__.get(child) is entry.module:
                self.journal.content(holder.__dict__)
                del holder.__dict__[child]
            self.tracker.loaded.pop(entry.name, None)
        for entry in self.batch.deleted:
            rerun.gone(entry)

    def _may_rerun(self, rung: Rung) -> bool:
        return (
            rung == "reexec"
            or any(self.own_changed.values())
            or any(s.verdict == "docstring" for m in self.modules for s in m.steps)
            or (rung == "patch" and bool(adapters.active()))
        )

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
            new = self.pairs.get(self.plain.get(id(code), (code, code))[1])
            if new is None:
                new = self._by_name(function, code, text_of)
            if new is None:
                continue
            if codes.own(code) == codes.own(new) and code.co_freevars == new.co_freevars:
                self.journal.recode(function, new)
                if patch.set_docstring(function, code, new, self.journal):
                    self._docstring_follows(function, code, text_of)
                continue
            if code.co_freevars != new.co_freevars:
                module = text_of[code.co_filename]
                owner = owner_of(module.names, new.co_qualname)
                made = conforming(module.text, new, code.co_freevars, owner)
                if made is None:
                    continue
                original, new = new, self.tracker.prepared(made)
                self.plain[id(new)] = (new, original)
            self.codes_before[id(function)] = code
            patch.conform(function, code, new, self.journal)
            if patch.set_docstring(function, code, new, self.journal):
                self._docstring_follows(function, code, text_of)
            changed.add(id(function))
        for entry, old, new in self.class_bodies:
            cls = class_at(entry.names, new.co_qualname)
            if cls is not None and cls.__module__ == entry.names.get("__name__"):
                patch.set_class_facts(cls, old, new, self.journal)
        self._code_registries()
        if changed:
            cleared = patch.clear_caches(heap, changed)
            self.notes += [f"lru_cache of {name} cleared" for name in dict.fromkeys(cleared)]

    def _by_name(
        self, function: FunctionType, code: CodeType, modules: Mapping[str, ModuleSwap]
    ) -> CodeType | None:
        """A function whose code is in neither compile (made by another compiler, or left stale): match it by place."""
        module = modules.get(code.co_filename)
        if module is None or id(code) in self.plain or function.__globals__ is not module.names:
            return None
        found = self._named.get(code.co_filename)
        if found is None:
            found = self._named[code.co_filename] = {}
            for new in codes.walk(self.compiled[module.text.filename]):
                found.setdefault(new.co_qualname, []).append(new)
        same = found.get(code.co_qualname, [])
        if len(same) != 1 or same[0] == code or code.co_name.startswith("<"):
            return None
        return same[0]

    def _docstring_follows(
        self, function: FunctionType, old: CodeType, modules: Mapping[str, ModuleSwap]
    ) -> None:
        """Properties and wrappers copied the docstring when they were made: let them have the new one."""
        module = modules.get(old.co_filename)
        parts = old.co_qualname.split(".")
        if module is None or "<locals>" in parts:
            return
        owner = owner_of(module.names, old.co_qualname)
        holder: Mapping[str, Any] = (
            type.__dict__["__dict__"].__get__(owner) if owner is not None else module.names
        )
        value: Any = holder.get(parts[-1])
        before, after = codes.docstring(old), function.__doc__
        if type(value) is property and value.fget is function:
            prop: Any = value
            functions = (prop.fget, prop.fset, prop.fdel)
            was = prop.__doc__
            self.journal.undo(lambda: property.__init__(prop, *functions, was))
            property.__init__(prop, *functions)
            return
        seen = 0
        while value is not None and value is not function and seen < 20:
            inner = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
            namespace = registries.instance_dict(inner)
            if (
                type(inner).__module__ in ("builtins", "functools")
                and getattr(inner, "__doc__", None) == before
            ):
                if type(inner) is FunctionType:
                    self.journal.setattr(inner, "__doc__", after)
                elif namespace is not None and "__doc__" in namespace:
                    self.journal.setitem(namespace, "__doc__", after)
            value = namespace.get("__wrapped__") if namespace is not None else None
            seen += 1

    def _normalise(self, heap: patch.Heap) -> None:
        """Give functions that a statement compiled alone made the code of the whole-file compile.

        The two may differ: calls on an imported module are spelled with LOAD_ATTR or LOAD_METHOD depending on whether
        the import stands in the same compile unit (engine.md section 2, pitfall a).
        """
        places: dict[tuple[str, str, int, str], list[CodeType]] = {}
        whole: dict[str, set[CodeType]] = {}
        for filename, compiled in self.compiled.items():
            found = set(codes.walk(compiled))
            whole[filename] = found
            for code in found:
                key = (filename, code.co_qualname, code.co_firstlineno, code.co_name)
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
            if len(same) == 1 and id(code) not in self.plain:
                self.journal.recode(function, same[0])
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
            f: codes.walk(c) for f, c in self.compiled.items()
        }
        paths = {m.text.filename: m.entry.path for m in self.modules}
        excused = set(self.plain)
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
            for c in codes.walk(self.compiled[m.text.filename])
        )

    def _move_frames(self, heap: patch.Heap) -> None:
        """Let suspended frames take the new bodies, last of all; see what still executes the old ones."""
        from hotswap.live import running

        texts = {}
        for module in self.modules:
            pair = (module.entry.data, module.text.data)
            texts[module.entry.filename] = texts[module.entry.path] = pair
        current = {name: list(codes.walk(code)) for name, code in self.compiled.items()}
        self.followed = running.follow(
            heap.frames, self.pairs, texts, current, self.journal, enabled=self.live_loops
        )

    def _code_registries(self) -> None:
        """Sets, lists and dicts of code objects (jinja's `internal_code`) follow (engine.md section 13, rule 14)."""
        for entry in list(self.tracker.loaded.values()):
            for value in list(entry.names.values()):
                if (
                    type(value) not in (set, list, dict)
                    or not value
                    or type(next(iter(value))) is not CodeType
                ):
                    continue
                hits = [c for c in value if type(c) is CodeType and c in self.pairs]
                if not hits:
                    continue
                self.journal.content(value)
                if type(value) is list:
                    value[:] = [self.pairs.get(c, c) for c in value]
                elif type(value) is set:
                    value.difference_update(hits)
                    value.update(self.pairs[c] for c in hits)
                else:
                    items = [(self.pairs.get(k, k), v) for k, v in value.items()]
                    value.clear()
                    value.update(items)

    def _commit(self) -> None:
        for module in self.modules:
            entry, text = module.entry, module.text
            self._follow_lines(module)
            entry.data = text.data
            entry.code = self.compiled[text.filename]
            if entry.filename != text.filename:
                entry.filename, entry.path = text.filename, os.path.realpath(text.filename)
            self.tracker.note_data(entry)
            self.tracker.failed.pop(entry.path, None)
            show(entry.filename, text)
        for entry in self.batch.deleted:
            linecache.cache.pop(entry.filename, None)

    def _follow_lines(self, module: ModuleSwap) -> None:
        """Statements that read data files, or asked for missing modules, may stand on other lines now."""
        plan = module.plan
        if plan is None:
            return
        places = [
            (s.old, s.unit, id(s.unit) in module.ran)
            for s in plan.steps
            if s.old is not None and not s.is_guard
        ]
        for table, before in (
            (module.entry.opened, self.noted[module.name][0]),
            (module.entry.missing, self.noted[module.name][1]),
        ):
            recorded = {key: set(lines) - before.get(key, set()) for key, lines in table.items()}
            table.clear()
            for key in {*before, *recorded}:
                lines = set(recorded.get(key, ()))
                for line in before.get(key, ()):
                    for old, new, ran in places:
                        if old.line <= line <= old.end and not (ran and key not in recorded):
                            lines.add(new.line + min(line - old.line, new.end - new.line))
                if lines:
                    table[key] = lines

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
        if isinstance(error, SyntaxError) and error.filename:
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


def named_by(unit: Unit) -> tuple[str, ...]:
    """Give what an assignment or a bare annotation in a class body names."""
    target = unit.node.target if isinstance(unit.node, ast.AnnAssign) else None
    return (target.id,) if isinstance(target, ast.Name) else unit.binds


def slots_changed(old: Unit, new: Unit) -> bool:
    """Say whether two class statements name other slots (their order does not count), or slots at all."""

    def slots(unit: Unit) -> object:
        node = unit.node
        decorated = "slots=True" in "".join(
            ast.unparse(d) for d in getattr(node, "decorator_list", ())
        )
        for member in unit.members:
            if "__slots__" in member.scan.binds and member.value is not None:
                try:
                    value = ast.literal_eval(member.value)
                except (ValueError, TypeError, SyntaxError):
                    return (decorated, ast.dump(member.value))
                return (decorated, frozenset([value] if isinstance(value, str) else value))
        return (decorated, None)

    return slots(old) != slots(new)


def class_at(names: Mapping[str, Any], qualname: str) -> type | None:
    """Give the class with a qualified name, unless it is made inside a function."""
    return owner_of(names, qualname + ".x")


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
