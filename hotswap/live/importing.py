"""The import hook: a finder in front of all others, and a loader that remembers the bytes it compiled.

The finder lets the others find, and swaps the loader of modules below the roots. ``.pyc`` files stay the ordinary ones.
"""

from __future__ import annotations

import importlib._bootstrap
import os
import sys
import threading
import time
from importlib.machinery import SourceFileLoader
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType

    from hotswap.live.tracker import Tracker

P = ParamSpec("P")
R = TypeVar("R")

frames_removed: Final[Any] = vars(importlib._bootstrap)["_call_with_frames_removed"]
"""Calls what it is given; its frame and those of importlib above it are cut off tracebacks."""

RECENT: Final = 2.5
"""Seconds: a source younger than this is compiled afresh and not cached, because a ``.pyc`` tells versions apart by
whole seconds and size only (PEP 552)."""


def cut_off(function: Callable[P, R]) -> Callable[P, R]:
    """Let the interpreter cut a function's frames off the traceback of what an imported module raises.

    It does that for the frames of importlib, known by the name of their file, down to `_call_with_frames_removed`
    (Python/import.c, `remove_importlib_frames`); `warnings` passes over them when it counts ``stacklevel``, too.
    """
    assert isinstance(function, FunctionType)
    function.__code__ = function.__code__.replace(co_filename=frames_removed.__code__.co_filename)
    return function


class Loader(SourceFileLoader):
    """Remembers the very bytes that were compiled; otherwise what `SourceFileLoader` does."""

    tracker: Tracker
    real: str
    """The real path of the source."""
    _read: bytes | None = None
    _status: os.stat_result | None = None
    """Of the source, while its code is being got."""

    @cut_off
    def get_code(self, fullname: str) -> CodeType | None:
        """Compile, or take the ``.pyc``, reading the source exactly once."""
        path = self.get_filename(fullname)
        self._read, self._status = _content(path)
        try:
            if abs(time.time() - self._status.st_mtime) < RECENT:
                code: CodeType | None = self.source_to_code(self._read, path)
            else:
                code = super().get_code(fullname)
        finally:
            self._status = None
        return self.tracker.prepared(code) if code is not None else None

    def path_stats(self, path: str) -> dict[str, float]:
        """Give the time and size of the source that is being read: asked once."""
        if self._status is not None and path == self.path:
            return {"mtime": self._status.st_mtime, "size": self._status.st_size}
        return dict(super().path_stats(path))

    def get_data(self, path: str) -> bytes:
        """Give the bytes already read, for the source."""
        if self._read is not None and path == self.path:
            return self._read
        if self._status is None or not path.endswith(".pyc"):
            return super().get_data(path)
        data, made = _content(path)
        if _made_too_early(made, self._status):
            raise OSError("it may have been made of other bytes")  # compiled, and written anew
        return data

    @cut_off
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
        self.tracker.execute(module, code, self.path, self._read or b"", real=self.real)


def _content(path: str) -> tuple[bytes, os.stat_result]:
    """Give the bytes of a file, and its status: of these very bytes, whoever writes or replaces it meanwhile.

    In six calls of the system, where a buffered file between two questions for the status takes eleven.

    Raises:
        OSError: It cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    try:
        status = os.fstat(descriptor)
        while True:
            parts = []
            while part := os.read(descriptor, status.st_size + 1):
                parts.append(part)
            before, status = status, os.fstat(descriptor)
            if (status.st_mtime_ns, status.st_size) == (before.st_mtime_ns, before.st_size):
                return b"".join(parts), status
            os.lseek(descriptor, 0, os.SEEK_SET)  # somebody writes to it
    finally:
        os.close(descriptor)


def _made_too_early(cached: os.stat_result, source: os.stat_result) -> bool:
    """Say whether a ``.pyc`` was written before, or hardly after, the last change of its source.

    CPython takes one for valid by the source's size and its time in whole seconds (importlib._bootstrap_external,
    _validate_timestamp_pyc): an edit of the same size in the same second would not be seen. The inode's own time of
    change cannot be set by anybody.
    """
    return cached.st_mtime < source.st_ctime + RECENT


class Finder:
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
            finders = list(sys.meta_path)
            alone = sum(isinstance(finder, Finder) for finder in finders) < 2
            for finder in finders:
                if isinstance(finder, Finder):
                    continue
                find = getattr(finder, "find_spec", None)
                spec: ModuleSpec | None = find(fullname, path, target) if find is not None else None
                if spec is None:
                    continue
                origin = spec.origin
                if type(spec.loader) is SourceFileLoader and origin:
                    real = self.tracker.real(origin)
                    if self.tracker.is_tracked(origin, real):
                        loader = Loader(fullname, origin)
                        loader.tracker, loader.real = self.tracker, real
                        spec.loader = loader
                        return spec
                # where another tracker looks on, the finder answers itself, in its turn
                return spec if alone else None
        finally:
            self._busy.on = False
        self.tracker.note_missing(fullname)
        return None
