"""Knows the live modules below the roots: the bytes each was made from, the files they read while imported.

Modules that were imported before the hook was installed, or by a foreign loader, are adopted from disk.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import contextmanager
from types import CodeType, FrameType, ModuleType
from typing import TYPE_CHECKING

from hotswap.live.built import Importing
from hotswap.live.importing import Finder, cut_off, frames_removed
from hotswap.live.loaded import Failure, Loaded
from hotswap.live.opening import current, digest_of, executing, module_line, running
from hotswap.live.roots import Roots, is_installed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence


class Tracker:
    """Knows the modules below `roots`: where they came from and what they read.

    Args:
        roots: Directories (or single files) whose modules are ours; below them neither the standard library, nor
            installed packages, nor virtual environments count.
        live_loops: Reserve room in coroutine and generator frames for locals that edits add.
    """

    def __init__(
        self, roots: Iterable[str | os.PathLike[str]] = (), *, live_loops: bool = True
    ) -> None:
        self._roots = Roots()
        self.live_loops = live_loops
        self.loaded: dict[str, Loaded] = {}
        """By module name, in the order in which their execution began."""
        self.failed: dict[str, Failure] = {}
        """By real path: modules whose import raised."""
        self.needed: set[str] = {"__main__"}
        """Names of modules that the program does not run without; when such a file goes, it is waited for."""
        self.attempted: set[str] = set()
        """Data files that statements of faulted batches tried to read, there or not."""
        self._finder = Finder(self)
        self._orders = 0
        self._imported: tuple[int, str, int, int] = (0, "", 0, 0)
        self._ran: set[str] = set()
        """Real paths of which module code has run, or may have."""
        self._importing = Importing(self.loaded)
        self._copying = False
        self._copied: set[str] = set()
        """`co_filename` of code objects that somebody copied since the last swap."""
        self._loose: dict[str, bytes] = {}
        """Real path -> source of modules that ran without our loader."""
        self.variable_before: Callable[[str], str | None] = dict(os.environ).get
        """Gives what an environment variable was before the program set it; a session knows more of it."""
        self.on_import: Callable[[ModuleType | None], None] | None = None
        """Called after a tracked module was imported, from whatever thread; None: one that ran without our loader."""
        for root in roots:
            self._roots.add(root)

    def is_tracked(self, path: str, real: str = "") -> bool:
        """Say whether a module with this source file would be ours. `real` is its real path, if that is known."""
        return not self._roots.why_excluded(path, real)

    def real(self, path: str) -> str:
        """Give the real path of a source file."""
        return self._roots.real(path)

    def why_excluded(self, path: str) -> str:
        """Say why a file is not ours; empty when it is."""
        return self._roots.why_excluded(path)

    # -- the hook --------------------------------------------------------------------------------------------------
    def install(self) -> None:
        """Track modules imported from now on, and adopt those already imported."""
        executing.install()
        if self.note_run not in executing.on_exec:
            executing.on_exec.append(self.note_run)
            executing.on_copy.append(self.note_copy)
        if self._finder not in sys.meta_path:
            sys.meta_path.insert(0, self._finder)
        self.adopt_imported()

    def uninstall(self) -> None:
        """Track no further imports."""
        if self.note_run in executing.on_exec:
            executing.on_exec.remove(self.note_run)
            executing.on_copy.remove(self.note_copy)
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)

    def prepared(self, code: CodeType) -> CodeType:
        """Reserve spare room in coroutine and generator frames."""
        if not self.live_loops:
            return code
        from hotswap.live.loops.bytecode import roomy

        return roomy(code)

    def adopt_imported(self) -> None:
        """Take up tracked modules that other loaders imported, or that came before the hook."""
        known = self.loaded
        state = (
            len(sys.modules),
            next(reversed(sys.modules), ""),
            len(known),
            len(self._roots.directories),
        )
        if state == self._imported:
            return
        self._imported = state
        whole = {id(entry.module) for entry in known.values()}
        for name, module in list(sys.modules.items()):
            if id(module) in whole:
                continue  # by another name, it may be: multiprocessing calls ``__main__`` ``__mp_main__`` too
            if name == "__main__" or type(module) is not ModuleType:
                continue
            path = module.__dict__.get("__file__")
            if not isinstance(path, str) or not path.endswith(".py") or not self.is_tracked(path):
                continue
            spec = module.__dict__.get("__spec__")
            if getattr(spec, "_initializing", False):
                continue
            data = self._loose.get(os.path.realpath(path))
            if data is None:  # it came before the hook: what the file holds now is the best guess
                try:
                    with open(path, "rb") as file:
                        data = file.read()
                except OSError:
                    continue
            self.adopt_module(module, path, data, name=name)
            whole.add(id(module))
        for name, entry in list(known.items()):
            if (
                sys.modules.get(name) is not entry.module
                and name != "__main__"
                and entry.path not in self._loose
            ):
                del known[name]

    def adopt_module(
        self,
        module: ModuleType,
        path: str,
        data: bytes,
        *,
        name: str = "",
        code: CodeType | None = None,
        real: str = "",
    ) -> Loaded:
        """Register a module that someone else runs: `__main__`, or one that a foreign loader made of `data`."""
        entry = Loaded(
            name=name or module.__name__,
            module=module,
            path=real or self.real(path),
            filename=path,
            data=data,
            code=code,
        )
        entry.order = self._next_order()
        before = self.loaded.get(entry.name)
        again = entry.path in self._ran and not (before is not None and before.code is code)
        entry.exact = code is not None and not again
        if entry.path in self._ran:
            self._not_alone(entry.path, entry)
        self._ran.add(entry.path)
        self._copied.discard(entry.filename)  # the loader's own making
        self.loaded[entry.name] = entry
        self.failed.pop(entry.path, None)
        return entry

    def _next_order(self) -> int:
        self._orders += 1
        return self._orders

    @cut_off
    def execute(
        self,
        module: ModuleType,
        code: CodeType,
        path: str,
        data: bytes,
        *,
        parts: Sequence[CodeType] = (),
        between: Callable[[], object] | None = None,
        real: str = "",
    ) -> None:
        """Run a module's code for the first time, on behalf of the loader.

        Args:
            module: Its namespace.
            code: All of it.
            path: As the code names it.
            data: The source.
            parts: The same code cut between two statements, to be run in its stead.
            between: Called between the parts.
            real: The real path, if that is known.
        """
        entry = self.adopt_module(module, path, data, code=code, real=real)
        entry.exact = entry.exact and not parts
        entry.complete = False
        try:
            self._execute(entry, module, parts or (code,), path, between)
        finally:
            if self.on_import is not None:
                self.on_import(entry.module if entry.complete else None)

    @cut_off
    def _execute(
        self,
        entry: Loaded,
        module: ModuleType,
        parts: Sequence[CodeType],
        path: str,
        between: Callable[[], object] | None,
    ) -> None:
        try:
            with running(entry), self._importing.one(entry):
                for number, code in enumerate(parts):
                    if number and between is not None:
                        self._importing.done()
                        between()
                    frames_removed(exec, code, module.__dict__)
        except BaseException as error:
            if self.loaded.get(entry.name) is entry:
                del self.loaded[entry.name]
            self.note_failure(entry.name, path, error)
            raise
        entry.complete = True
        entry.order = self._next_order()
        self.note_data(entry)
        replaced = sys.modules.get(entry.name)
        if replaced is not module and isinstance(replaced, ModuleType):
            entry.module = replaced

    def note_failure(self, name: str, path: str, error: BaseException) -> None:
        """Remember that a module's import raised."""
        missing = error.name if isinstance(error, ModuleNotFoundError) and error.name else ""
        real = os.path.realpath(path)
        self.failed[real] = Failure(name, real, error, missing)
        self._note_missing(name, sys._getframe(1))

    def note_missing(self, fullname: str) -> None:
        """Remember which statement asked for a module that does not exist."""
        self._note_missing(fullname, sys._getframe(2))

    def _note_missing(self, fullname: str, frame: FrameType | None) -> None:
        asking = current()
        if asking is not None:
            line = module_line(frame, asking)
            if line:
                asking.missing.setdefault(fullname, set()).add(line)

    def note_data(self, entry: Loaded) -> None:
        """Remember what the data files held that a module has read, so that a mere touch does nothing."""
        for path in entry.opened:
            if not is_installed(path):
                entry.seen[path] = digest_of(path)

    # -- answers ---------------------------------------------------------------------------------------------------
    def at(self, path: str) -> list[Loaded]:
        """Give the live modules that were made from `path`."""
        real = os.path.realpath(path)
        return [e for e in self.loaded.values() if e.path == real]

    def _not_alone(self, path: str, new: Loaded | None = None) -> None:
        """Functions of a file may be anywhere from now on: it ran again, or its code was copied."""
        for entry in list(self.loaded.values()):
            if entry.path == path and entry is not new:
                entry.exact = False

    def note_copy(self, filename: str) -> None:
        """Remember that functions of a file may run code objects that the ledger does not know."""
        if not self._copying:
            self._copied.add(filename)

    @contextmanager
    def copying(self) -> Iterator[None]:
        """Code objects that are copied meanwhile are the engine's own."""
        before, self._copying = self._copying, True
        for entry in list(self.loaded.values()) if self._copied else ():
            if entry.filename in self._copied:
                entry.exact = False
        self._copied.clear()
        try:
            yield
        finally:
            self._copying = before

    def note_run(self, code: CodeType) -> None:
        """Remember the source of a module that runs without our loader: a plug-in loaded by its path."""
        filename = code.co_filename
        if not filename.endswith(".py") or not self.is_tracked(filename):
            return
        entry = current()
        if entry is not None and entry.filename == filename:
            return
        real = os.path.realpath(filename)
        self._ran.add(real)
        self._not_alone(real)
        if real in self._loose:
            return
        self._loose[real] = b""
        try:
            with open(filename, "rb") as file:
                self._loose[real] = file.read()
        except OSError:
            del self._loose[real]
            return
        if self.on_import is not None:
            self.on_import(None)

    def loose(self) -> frozenset[str]:
        """Give the real paths of modules that ran without our loader; `find_loose` looks for what lives of one."""
        return frozenset(self._loose)

    def find_loose(self, path: str) -> list[Loaded]:
        """Take up the modules made from `path` that are not in `sys.modules` (plug-ins loaded by their path)."""
        data = self._loose.get(path)
        if data is None:
            return []
        found = []
        for obj in gc.get_objects():
            if type(obj) is ModuleType:
                filename = obj.__dict__.get("__file__")
                if (
                    isinstance(filename, str)
                    and filename.endswith(".py")
                    and os.path.realpath(filename) == path
                ):
                    found.append(obj)
        return [self.adopt_module(m, m.__dict__["__file__"], data, name=m.__name__) for m in found]

    def tracked(self) -> frozenset[str]:
        """Give the real paths of all source files that run."""
        return frozenset(e.path for e in list(self.loaded.values()))

    def data_files(self) -> frozenset[str]:
        """Give the real paths of the files that tracked modules read while they were imported."""
        return frozenset(
            path
            for e in list(self.loaded.values())
            for path in e.opened
            if os.path.isfile(path) and not is_installed(path)
        )
