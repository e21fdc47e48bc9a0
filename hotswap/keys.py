"""Keys on the terminal: lines like ``r`` + Enter, and Ctrl+R at once.

The terminal stays in canonical mode, so line editing, pasting and the program's own ``input()`` work as ever. A cooked
terminal eats Ctrl+R to print the line again (VREPRINT), so that character is taken off, and made a second end of line
(VEOL), which delivers it at once: termios(3).

The program comes first: nothing is read while it reads stdin, while a debugger asks, while the terminal is in another
mode, or while the job is in the background; and once the program has taken stdin as its own, keys stay off.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator, Mapping

CTRL_R: Final = b"\x12"
LOOK_AGAIN: Final = 1.0
"""Seconds after which a background job, or a terminal in another mode, is looked at again."""
HELP: Final = (
    ("r", "reload now, by exec: connections and state are kept (Ctrl+R, /reload)"),
    ("R", "reload with fresh state, connections kept"),
    ("s", "show the last report again"),
    ("z", "undo the last swap: the previous source in memory, files untouched"),
    ("u", "show the addresses"),
    ("o", "open the browser"),
    ("c", "clear the screen"),
    ("p", "pause watching, or go on"),
    ("q", "quit"),
    ("h", "show this"),
)


class Stdin(io.TextIOWrapper):
    """The program's ``sys.stdin``: notices when the program reads, and gives it the lines that were none of our keys.

    Reading on the main thread is a question (``input()``, a debugger's prompt): keys wait until it is answered.
    Reading on another thread, or asking for the descriptor to wait on it, takes stdin over for good.
    """

    def __init__(self, buffer: Any, like: Any, keys: Keys) -> None:
        super().__init__(
            buffer, encoding=like.encoding, errors=like.errors, line_buffering=like.line_buffering
        )
        self._keys = keys

    def fileno(self) -> int:
        """Give the descriptor; ``input()`` asks for it too, and reads through us when lines wait (bltinmodule.c)."""
        self._keys.noticed(question=_is_question(sys._getframe(1)))
        if self._keys.unread:
            raise io.UnsupportedOperation("lines that were typed ahead wait")
        return super().fileno()

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]
        """Give the next line, one typed ahead first."""
        if self._keys.unread:
            return self._keys.unread.pop(0).decode(self.encoding, "replace")
        with self._keys.question():
            return super().readline(-1 if size is None else size)

    def read(self, size: int | None = -1, /) -> str:
        """Read; lines typed ahead first."""
        self._keys.noticed(question=False)
        ahead = b"".join(self._keys.unread).decode(self.encoding, "replace")
        self._keys.unread.clear()
        if size is None or size < 0:
            return ahead + super().read()
        if len(ahead) > size:
            self._keys.unread.append(ahead[size:].encode(self.encoding))
        return ahead[:size] or super().read(size)

    def __next__(self) -> str:  # type: ignore[override]
        line = self.readline()
        if not line:
            raise StopIteration
        return line


class Keys:
    """Reads keys while that disturbs nobody, and calls what they stand for.

    Args:
        actions: By key; ``r`` for Ctrl+R and ``/reload``, too. Called on the loop's thread.
        say: Tells the user something.
        program: The target is a program of its own, to which lines that are no keys belong.
    """

    def __init__(
        self,
        actions: Mapping[str, Callable[[], object]],
        say: Callable[[str], object],
        *,
        program: bool,
        descriptor: int = 0,
    ) -> None:
        self.unread: list[bytes] = []
        """Lines that were typed and are no keys of ours; a program gets them when it reads."""
        self._actions = actions
        self._say = say
        self._program = program
        self._fd = descriptor
        self._ours: int = -1
        """Our own duplicate of the descriptor: loops know one reader a descriptor, and that is the program's."""
        self._found: list[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._asking = 0
        self._taken = False
        self._stdin: Any = None

    @property
    def usable(self) -> bool:
        """Say whether there is a terminal to read."""
        try:
            return os.isatty(self._fd)
        except OSError:
            return False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to read on `loop`; call it on the loop's thread."""
        if self._taken or not self.usable:
            return
        self._loop = loop
        self._ours = os.dup(self._fd)
        if self._stdin is None and sys.stdin is not None and self._fd == 0:
            self._stdin = sys.stdin
            sys.stdin = Stdin(sys.stdin.buffer, sys.stdin, self)
        self._listen()

    def stop(self) -> None:
        """Stop reading; the terminal and ``sys.stdin`` are as they were found."""
        self.restore()
        if self._loop is not None:
            with contextlib.suppress(RuntimeError, ValueError, OSError):
                self._loop.remove_reader(self._ours)
            os.close(self._ours)
            self._loop, self._ours = None, -1
        if self._stdin is not None:
            if isinstance(sys.stdin, Stdin):
                with contextlib.suppress(ValueError, OSError):
                    sys.stdin.detach()
                sys.stdin = self._stdin
            self._stdin = None

    def restore(self) -> None:
        """Put the terminal's modes back, before an exec or the end. Safe in the background and on a lost terminal."""
        if self._found is None:
            return
        found, self._found = self._found, None
        import termios

        now = modes_of(self._fd)
        if now is None:
            return
        mine = _with_ctrl_r(list(found))
        if now[6][termios.VEOL] != mine[6][termios.VEOL]:
            return  # somebody else has set modes since: they are theirs
        now[6][termios.VEOL], now[6][termios.VREPRINT] = (
            found[6][termios.VEOL],
            found[6][termios.VREPRINT],
        )
        set_modes(self._fd, now)

    def resume(self) -> None:
        """Take the terminal again, after an exec that did not happen."""
        if self._loop is not None and not self._taken:
            self._listen()

    def noticed(self, *, question: bool) -> None:
        """The program looked at stdin; unless that was a question on the main thread, it is its own from now on."""
        if question or self._taken:
            return
        self._taken = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._give_away)

    @contextlib.contextmanager
    def question(self) -> Iterator[None]:
        """While the program reads a line: nothing is read by us."""
        if threading.current_thread() is not threading.main_thread():
            self.noticed(question=False)
        self._asking += 1
        try:
            yield
        finally:
            self._asking -= 1

    def _give_away(self) -> None:
        self.restore()
        if self._loop is not None:
            self._loop.remove_reader(self._ours)
        if not self._program:
            self._say("the program reads stdin: keys are off (kill -USR1 reloads)")

    def _listen(self) -> None:
        """Set the modes and wait for lines, or look again later when the terminal is not ours now."""
        loop = self._loop
        if loop is None or self._taken:
            return
        if not self._foreground() or not self._set():
            loop.call_later(LOOK_AGAIN, self._listen)
            return
        loop.add_reader(self._ours, self._ready)

    def _set(self) -> bool:
        """Make Ctrl+R deliver the line. False when the terminal is not in canonical mode: a program draws on it."""
        import termios

        now = modes_of(self._fd)
        if now is None or not now[3] & termios.ICANON:
            return False
        if self._found is None:
            self._found = now
        wanted = _with_ctrl_r(list(now))
        return wanted[6] == now[6] or set_modes(self._fd, wanted)

    def _ready(self) -> None:
        """A line is there. Whose is it?"""
        loop = self._loop
        if loop is None:
            return
        import termios

        now = modes_of(self._fd)
        away = not self._foreground() or now is None or not now[3] & termios.ICANON
        if away or self._asking or _debugging():
            loop.remove_reader(self._ours)
            loop.call_later(LOOK_AGAIN, self._listen)
            return
        with _quiet_background():
            try:
                read = os.read(self._ours, 4096)
            except OSError:
                # EIO: the terminal went away, or we went into the background this moment
                read = b""
        if not read:  # Ctrl+D, or no terminal any more
            loop.remove_reader(self._ours)
            if self.usable:
                loop.call_later(LOOK_AGAIN, self._listen)
            return
        self._typed(read)

    def _typed(self, read: bytes) -> None:
        line = read.strip()
        if read.endswith(CTRL_R) or line == b"/reload":
            key = "r"
        elif not line:
            return
        else:
            key = line.decode(errors="replace")
        if key == "h":
            self._say("\n".join(f"{name} + enter  {text}" for name, text in HELP))
        elif key in self._actions:
            self._actions[key]()
        elif self._program:
            self.unread.append(read)
            del self.unread[:-1000]
        else:
            self._say("h + enter shows the keys")

    def _foreground(self) -> bool:
        try:
            return os.tcgetpgrp(self._fd) == os.getpgrp()
        except OSError:
            return False


def _is_question(frame: Any) -> bool:
    """Say whether stdin's descriptor is asked for by ``input()`` or a debugger, not by something that will wait on it.

    ``input()`` is C: its caller's frame is the one we see, on the main thread, and no selector or pipe code is on it.
    """
    if threading.current_thread() is not threading.main_thread():
        return False
    name = frame.f_globals.get("__name__", "")
    taking = (
        "asyncio",
        "uvloop",
        "selectors",
        "select",
        "prompt_toolkit",
        "termios",
        "tty",
        "curses",
        "textual",
    )
    return not str(name).startswith(taking)


def _debugging() -> bool:
    """Say whether a debugger holds the program on some thread right now (bdb.py, pdb.py, pydevd)."""
    for frame in sys._current_frames().values():
        one: Any = frame
        while one is not None:
            name = one.f_globals.get("__name__", "")
            if name in {"bdb", "pdb", "code"} or str(name).startswith("_pydevd_bundle"):
                return True
            one = one.f_back
    return False


def modes_of(descriptor: int) -> list[Any] | None:
    """Give a terminal's modes; None when there is no terminal."""
    import termios

    try:
        return termios.tcgetattr(descriptor)
    except (termios.error, OSError):
        return None


def _with_ctrl_r(modes: list[Any]) -> list[Any]:
    import termios

    characters = list(modes[6])
    characters[termios.VREPRINT] = (
        b"\x00"  # _POSIX_VDISABLE on Linux and macOS is 0 and 255; 0 is never typed
    )
    characters[termios.VEOL] = CTRL_R
    return [*modes[:6], characters]


def set_modes(descriptor: int, modes: list[Any]) -> bool:
    """Set modes without being stopped by SIGTTOU when in the background."""
    import termios

    with _quiet_background():
        try:
            termios.tcsetattr(descriptor, termios.TCSANOW, modes)
        except (termios.error, OSError):
            return False
    return True


@contextlib.contextmanager
def _quiet_background() -> Iterator[None]:
    """Block SIGTTIN and SIGTTOU: a background job gets EIO instead of being stopped (POSIX 11.1.4)."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTIN, signal.SIGTTOU})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
