"""The import hook: which modules are ours, the bytes each was made from, the files they read while imported.

A finder at the front of `sys.meta_path` lets the other finders find, and swaps the loader of modules below the roots
for one that remembers. `.pyc` files stay the ordinary ones. Modules that were imported before the hook was installed,
or by a foreign loader, are adopted from disk.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import cache_from_source
from types import CodeType, FrameType, ModuleType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

EXCLUDED: Final = frozenset(
    {
        "site-packages",
        "dist-packages",
        "__pypackages__",
        ".venv",
        ".tox",
        ".nox",
        "node_modules",
        ".git",
    }
)
OWN: Final = os.path.realpath(os.path.dirname(os.path.dirname(__file__)))
"""This package: it never swaps itself."""
CODE_SUFFIXES: Final = (".py", ".pyc", ".pyi", ".so", ".pyd", ".pth")
LARGE: Final = 4 * 1024 * 1024
RECENT: Final = 2.5
"""Seconds: a source younger than this is compiled afresh and not cached, because a ``.pyc`` tells versions apart by
whole seconds and size only (PEP 552)."""


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
    opened: dict[str, set[int]] = field(default_factory=dict)
    """Data file -> lines of the statements that opened it."""
    missing: dict[str, set[int]] = field(default_factory=dict)
    """Module that could not be found -> lines of the statements that asked for it."""
    seen: dict[str, bytes] = field(default_factory=dict)
    """Data file -> digest of what was read."""
    order: int = 0
    """Place in the order in which modules were completed: what a module imports comes before it."""
    complete: bool = True
    """The module's code has run to its end."""

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


class _Loader(SourceFileLoader):
    """Remembers the very bytes that were compiled; otherwise what `SourceFileLoader` does."""

    tracker: Tracker
    _read: bytes | None = None
    _doubted = False
    """The ``.pyc`` may have been made of other bytes."""

    def get_code(self, fullname: str) -> CodeType | None:
        """Compile, or take the ``.pyc``, reading the source exactly once."""
        path = self.get_filename(fullname)
        while True:
            before = self.path_stats(path)
            self._read = None
            self._read = self.get_data(path)
            if abs(time.time() - before["mtime"]) < RECENT:
                code: CodeType | None = self.source_to_code(self._read, path)
            else:
                self._doubted = _made_too_early(path)
                code = super().get_code(fullname)
            if self.path_stats(path) == before:
                return self.tracker.prepared(code) if code is not None else None

    def get_data(self, path: str) -> bytes:
        """Give the bytes already read, for the source."""
        if self._read is not None and path == self.path:
            return self._read
        if self._doubted and path.endswith(".pyc"):
            raise OSError("it may have been made of other bytes")  # compiled, and written anew
        return super().get_data(path)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code, watching what it opens."""
        name = module.__name__
        try:
            code = self.get_code(name)
        except BaseException as error:
            self.tracker.note_failure(name, self.path, error)
            raise
        if code is None:
            raise ImportError(f"cannot load module {name!r}", name=name, path=self.path)
        self.tracker.execute(module, code, self.path, self._read or b"")


def _made_too_early(path: str) -> bool:
    """Say whether the ``.pyc`` of `path` was written before, or hardly after, the file's last change.

    CPython takes one for valid by the source's size and its time in whole seconds (importlib._bootstrap_external,
    _validate_timestamp_pyc): an edit of the same size in the same second would not be seen. The inode's own time of
    change cannot be set by anybody.
    """
    try:
        made = os.stat(cache_from_source(path)).st_mtime
        return made < os.stat(path).st_ctime + RECENT
    except (OSError, NotImplementedError):
        return False


class _Finder:
    """Asks the finders behind it, and wraps what they found when it lies below the roots."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self._busy = threading.local()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module; only a plain source file below the roots is answered here."""
        if getattr(self._busy, "on", False):
            return None
        self._busy.on = True
        try:
            for finder in list(sys.meta_path):
                if finder is self or isinstance(finder, _Finder):
                    continue
                find = getattr(finder, "find_spec", None)
                spec: ModuleSpec | None = find(fullname, path, target) if find is not None else None
                if spec is None:
                    continue
                origin = spec.origin
                if (
                    type(spec.loader) is SourceFileLoader
                    and origin
                    and self.tracker.is_tracked(origin)
                ):
                    loader = _Loader(fullname, origin)
                    loader.tracker = self.tracker
                    spec.loader = loader
                    return spec
                return None  # let the finder answer itself, in its turn
        finally:
            self._busy.on = False
        self.tracker.note_missing(fullname)
        return None


class _Executing:
    """What module runs on which thread right now; one audit hook reads it for the whole process."""

    def __init__(self) -> None:
        self.stacks: dict[int, list[Loaded]] = {}
        self.trackers: list[Tracker] = []
        self.installed = False

    def install(self) -> None:
        if not self.installed:
            self.installed = True
            sys.addaudithook(self._audit())

    def _audit(self) -> Any:
        stacks, trackers = self.stacks, self.trackers

        def hook(event: str, args: tuple[Any, ...]) -> None:
            if stacks and event == "open":
                _opened(stacks, args)
            elif event == "exec" and trackers and args[0].co_name == "<module>":
                for tracker in trackers:
                    tracker.note_run(args[0])

        return hook


def _opened(stacks: dict[int, list[Loaded]], args: tuple[Any, ...]) -> None:
    stack = stacks.get(threading.get_ident())
    if not stack:
        return
    path, mode, flags = args
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if not isinstance(path, str) or path.endswith(CODE_SUFFIXES):
        return
    if isinstance(mode, str) and not mode.startswith("r"):
        return
    if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR):
        return
    frame = sys._getframe(2)
    if frame.f_code is digest_of.__code__:
        return  # our own look, while the importer of the module that read the file is on the stack
    line = _module_line(frame, stack[-1])
    if line:
        stack[-1].opened.setdefault(os.path.realpath(path), set()).add(line)


def _module_line(frame: FrameType | None, loaded: Loaded) -> int:
    """Give the line of `loaded` that is running, or 0 when another module is being imported on top of it."""
    names = loaded.module.__dict__
    while frame is not None:
        code = frame.f_code
        if code.co_name == "<module>":
            if frame.f_globals is names:
                return frame.f_lineno
            if code.co_filename and not code.co_filename.startswith("<"):
                return 0
        frame = frame.f_back
    return 0


_executing: Final = _Executing()


def digest_of(path: str) -> bytes:
    """Give a digest of a data file; of a large one, of its size and time only. Empty when it cannot be read."""
    try:
        status = os.stat(path)
        if status.st_size > LARGE:
            return f"{status.st_size} {status.st_mtime_ns}".encode()
        with open(path, "rb") as file:
            return blake2b(file.read(), digest_size=16).digest()
    except OSError:
        return b""


class Tracker:
    """Knows the modules below `roots`: where they came from and what they read.

    Args:
        roots: Directories (or single files) whose modules are ours; below them neither the standard library, nor
            installed packages, nor virtual environments count.
        live_loops: Reserve room in coroutine and generator frames for locals that edits add (live-loops.md 1.1).
    """

    def __init__(
        self, roots: Iterable[str | os.PathLike[str]] = (), *, live_loops: bool = True
    ) -> None:
        self.roots: list[str] = []
        self.live_loops = live_loops
        self.loaded: dict[str, Loaded] = {}
        """By module name, in the order in which their execution began."""
        self.failed: dict[str, Failure] = {}
        """By real path: modules whose import raised."""
        self.attempted: set[str] = set()
        """Data files that statements of faulted batches tried to read, there or not."""
        self._finder = _Finder(self)
        self._orders = 0
        self._imported: tuple[int, str, int, int] = (0, "", 0, 0)
        self._loose: dict[str, bytes] = {}
        """Real path -> source of modules that ran without our loader."""
        self.on_import: Callable[[], None] | None = None
        """Called after a tracked module was imported, from whatever thread."""
        self._verdicts: dict[str, str] = {}
        for root in roots:
            self.add_root(root)

    # -- roots -----------------------------------------------------------------------------------------------------
    def add_root(self, root: str | os.PathLike[str]) -> None:
        """Track modules below one more directory."""
        real = os.path.realpath(os.fspath(root))
        if real not in self.roots:
            self.roots.append(real)
            self._verdicts.clear()

    def is_tracked(self, path: str) -> bool:
        """Say whether a module with this source file would be ours."""
        return not self.why_excluded(path)

    def why_excluded(self, path: str) -> str:
        """Say why a file is not ours; empty when it is."""
        known = self._verdicts.get(path)
        if known is None:
            known = self._verdicts[path] = self._why_excluded(os.path.realpath(path))
        return known

    def _why_excluded(self, real: str) -> str:
        if real == OWN or real.startswith(OWN + os.sep):
            return "it belongs to hotswap itself"
        below = [r for r in self.roots if real == r or real.startswith(r.rstrip(os.sep) + os.sep)]
        if not below:
            where = ", ".join(self.roots) or "no directory"
            return f"it lies below none of the watched directories ({where})"
        root = max(below, key=len)
        if real == root:
            return ""
        relative = real[len(root.rstrip(os.sep)) + 1 :]
        parts = relative.split(os.sep)
        for part in parts[:-1]:
            if part in EXCLUDED:
                return f"it is inside {part}"
        folder = root
        for part in parts[:-1]:
            folder = os.path.join(folder, part)
            if os.path.exists(os.path.join(folder, "pyvenv.cfg")):
                return f"it is inside the virtual environment {part}"
        standard = os.path.dirname(os.path.realpath(os.__file__))
        if real.startswith(standard + os.sep) and not root.startswith(standard + os.sep):
            return "it belongs to the standard library"
        return ""

    # -- the hook --------------------------------------------------------------------------------------------------
    def install(self) -> None:
        """Track modules imported from now on, and adopt those already imported."""
        _executing.install()
        if self not in _executing.trackers:
            _executing.trackers.append(self)
        if self._finder not in sys.meta_path:
            sys.meta_path.insert(0, self._finder)
        self.adopt_imported()

    def uninstall(self) -> None:
        """Track no further imports."""
        if self in _executing.trackers:
            _executing.trackers.remove(self)
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
        state = (len(sys.modules), next(reversed(sys.modules), ""), len(known), len(self.roots))
        if state == self._imported:
            return
        self._imported = state
        for name, module in list(sys.modules.items()):
            entry = known.get(name)
            if entry is not None and entry.module is module:
                continue
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
    ) -> Loaded:
        """Register a module that someone else runs: `__main__`, or one that a foreign loader made of `data`."""
        entry = Loaded(
            name=name or module.__name__,
            module=module,
            path=os.path.realpath(path),
            filename=path,
            data=data,
            code=code,
        )
        entry.order = self._next_order()
        self.loaded[entry.name] = entry
        self.failed.pop(entry.path, None)
        return entry

    def _next_order(self) -> int:
        self._orders += 1
        return self._orders

    @contextmanager
    def running(self, entry: Loaded) -> Iterator[None]:
        """Attribute the files opened meanwhile to `entry`."""
        ident = threading.get_ident()
        stack = _executing.stacks.setdefault(ident, [])
        stack.append(entry)
        try:
            yield
        finally:
            stack.pop()
            if not stack:
                _executing.stacks.pop(ident, None)

    def execute(
        self,
        module: ModuleType,
        code: CodeType,
        path: str,
        data: bytes,
        *,
        parts: Sequence[CodeType] = (),
        between: Callable[[], object] | None = None,
    ) -> None:
        """Run a module's code for the first time, on behalf of the loader.

        Args:
            module: Its namespace.
            code: All of it.
            path: As the code names it.
            data: The source.
            parts: The same code cut between two statements, to be run in its stead.
            between: Called between the parts.
        """
        entry = self.adopt_module(module, path, data, code=code)
        entry.complete = False
        try:
            self._execute(entry, module, parts or (code,), path, between)
        finally:
            if self.on_import is not None:
                self.on_import()

    def _execute(
        self,
        entry: Loaded,
        module: ModuleType,
        parts: Sequence[CodeType],
        path: str,
        between: Callable[[], object] | None,
    ) -> None:
        try:
            with self.running(entry):
                for number, code in enumerate(parts):
                    if number and between is not None:
                        between()
                    exec(code, module.__dict__)
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
        stack = _executing.stacks.get(threading.get_ident())
        if stack:
            line = _module_line(frame, stack[-1])
            if line:
                stack[-1].missing.setdefault(fullname, set()).add(line)

    def note_data(self, entry: Loaded) -> None:
        """Remember what the data files held that a module has read, so that a mere touch does nothing."""
        for path in entry.opened:
            if not self._is_installed(path):
                entry.seen[path] = digest_of(path)

    # -- answers ---------------------------------------------------------------------------------------------------
    def at(self, path: str) -> list[Loaded]:
        """Give the live modules that were made from `path`."""
        real = os.path.realpath(path)
        return [e for e in self.loaded.values() if e.path == real]

    def note_run(self, code: CodeType) -> None:
        """Remember the source of a module that runs without our loader: a plug-in loaded by its path."""
        filename = code.co_filename
        if not filename.endswith(".py") or not self.is_tracked(filename):
            return
        stack = _executing.stacks.get(threading.get_ident())
        if stack and stack[-1].filename == filename:
            return
        real = os.path.realpath(filename)
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
            self.on_import()

    def loose(self) -> frozenset[str]:
        """Give the real paths of modules that ran without our loader; `find_loose` looks for what lives of one."""
        return frozenset(self._loose)

    def find_loose(self, path: str) -> list[Loaded]:
        """Take up the modules made from `path` that are not in `sys.modules` (plug-ins loaded by their path)."""
        import gc

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
            if os.path.isfile(path) and not self._is_installed(path)
        )

    def _is_installed(self, path: str) -> bool:
        parts = path.split(os.sep)
        return bool(EXCLUDED.intersection(parts)) or path.startswith(("/proc/", "/sys/", "/dev/"))
