"""Which statement of which module runs on this thread: what it opens belongs to it, what it asks for in vain, too.

One audit hook serves the whole process.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.roots import is_installed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType

    from hotswap.live.loaded import Loaded

CODE_SUFFIXES: Final = (".py", ".pyc", ".pyi", ".so", ".pyd", ".pth")
ANY: Final = "*"
"""Stands for any module of a folder in `Loaded.missing`."""
LISTING: Final = frozenset({"fnmatch", "glob", "os", "pathlib", "pkgutil"})
"""What of the standard library lists folders on behalf of who calls it."""
STANDARD: Final = os.path.dirname(os.__file__) + os.sep
LARGE: Final = 4 * 1024 * 1024


class Executing:
    """What module runs on which thread right now; one audit hook reads it for the whole process."""

    def __init__(self) -> None:
        self.stacks: dict[int, list[Loaded]] = {}
        self.on_exec: list[Callable[[CodeType], None]] = []
        """Called with the code of each module that is executed, by whatever loader."""
        self.on_copy: list[Callable[[str], None]] = []
        """Called with the `co_filename` of each code object that is made by hand: by a debugger, a pickler."""
        self.installed = False

    def install(self) -> None:
        """Listen to the interpreter's audit events; a hook cannot be taken out again (PEP 578)."""
        if not self.installed:
            self.installed = True
            sys.addaudithook(self._audit())

    def _audit(self) -> Any:
        stacks, listeners, copied = self.stacks, self.on_exec, self.on_copy

        wanted = frozenset({"open", "os.listdir", "os.scandir", "exec", "code.__new__"})

        def hook(event: str, args: tuple[Any, ...]) -> None:
            if event not in wanted:  # `id` is an event: 100,000 in the making of 200 routes
                return
            if event == "open":
                if stacks:
                    _opened(stacks, args)
            elif event == "exec":
                if listeners and args[0].co_name == "<module>":
                    for listener in listeners:
                        listener(args[0])
            elif event == "code.__new__":
                for note in copied:
                    note(args[1])
            elif stacks:
                _listed(stacks, args)

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
    line = module_line(frame, stack[-1])
    if line:
        stack[-1].opened.setdefault(os.path.realpath(path), set()).add(line)


def _listed(stacks: dict[int, list[Loaded]], args: tuple[Any, ...]) -> None:
    """A module looks through a folder: a loader of plug-ins wants to know of what comes to lie there."""
    stack = stacks.get(threading.get_ident())
    path = args[0]
    if not stack or not isinstance(path, (str, bytes, type(None))):
        return
    line = _lister_line(sys._getframe(2), stack[-1])
    if line:
        folder = os.path.realpath(os.fsdecode(path or "."))
        stack[-1].missing.setdefault(os.path.join(folder, ANY), set()).add(line)


def _lister_line(frame: FrameType | None, loaded: Loaded) -> int:
    """Give the line of `loaded` that lists a folder, through the user's own code and `LISTING` alone, or 0."""
    while frame is not None:
        code = frame.f_code
        names = frame.f_globals
        if names is loaded.module.__dict__:
            if code.co_name == "<module>":
                return frame.f_lineno
        elif code.co_filename.startswith("<frozen importlib") or code.co_name == "<module>":
            return 0  # the import system looks for a file, or another module is being imported
        elif str(names.get("__name__")).partition(".")[0] not in LISTING and (
            is_installed(code.co_filename) or code.co_filename.startswith(STANDARD)
        ):
            return 0
        frame = frame.f_back
    return 0


def module_line(frame: FrameType | None, loaded: Loaded) -> int:
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


executing: Final = Executing()


@contextmanager
def running(entry: Loaded) -> Iterator[None]:
    """Attribute the files opened meanwhile to `entry`."""
    ident = threading.get_ident()
    stack = executing.stacks.setdefault(ident, [])
    stack.append(entry)
    try:
        yield
    finally:
        stack.pop()
        if not stack:
            executing.stacks.pop(ident, None)


def current() -> Loaded | None:
    """Give the module that runs on this thread."""
    stack = executing.stacks.get(threading.get_ident())
    return stack[-1] if stack else None


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
