"""Where the user is heard: keys on the terminal, and questions from other processes of theirs."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from hotswap.session import telling

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from hotswap.control import Control
    from hotswap.keys import Keys
    from hotswap.session.session import Session


class Desk:
    """Answers keys and questions on the program's loop; without a loop there is nobody to answer."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.keys: Keys | None = None
        self._control: Control | None = None
        self._found: list[Any] | None = None
        self._left: list[Any] | None = None
        """Modes of the terminal as the program found it, and as it left it for an exec."""
        if _has_keyboard():
            from hotswap.keys import modes_of

            self._found = modes_of(0)

    def join(self, loop: asyncio.AbstractEventLoop) -> None:
        """Answer on `loop` from now on; called on its thread."""
        from hotswap.control import Control

        if self._control is not None:
            self._control.stop()
        self._control = Control(self._questions())
        self._control.start(loop)
        # of several processes on an inherited socket each would read what is typed on the terminal they share
        if self.keys is None and _has_keyboard() and self._session.options.fd is None:
            from hotswap.keys import Keys

            session = self._session
            program = session.plan is not None and session.plan.program
            self.keys = Keys(self._actions(), session.console.say, program=program)
        if self.keys is not None:
            self.keys.start(loop)

    def restore_terminal(self) -> None:
        """Give the terminal back as it was before keys were read."""
        if self.keys is not None:
            self.keys.restore()

    def leave_terminal(self) -> None:
        """Give the terminal back as the program found it: a curses program puts back what it finds after the exec."""
        self.restore_terminal()
        if self._found is not None:
            from hotswap.keys import modes_of, set_modes

            self._left = modes_of(0)
            if self._left not in (None, self._found):
                set_modes(0, self._found)

    def resume(self) -> None:
        """Take the terminal again, after an exec that did not happen."""
        if self._left not in (None, self._found):
            from hotswap.keys import set_modes

            set_modes(0, self._left)
        self._left = None
        if self.keys is not None:
            self.keys.resume()

    def close(self) -> None:
        """Hear nothing any more. Idempotent."""
        if self.keys is not None:
            self.keys.stop()
            self.keys = None
        if self._control is not None:
            self._control.stop()
            self._control = None

    def _questions(
        self,
    ) -> dict[str, Callable[[list[str], Callable[[dict[str, Any]], None]], None]]:
        return {
            "status": lambda _, answer: answer(telling.status(self._session)),
            "explain": lambda words, answer: answer(self._explain(words)),
            "reload": lambda _, answer: self._session.reloading.ask(
                "--ask-reload", refused=lambda outcome: answer(outcome.as_event())
            ),
        }

    def _explain(self, words: list[str]) -> dict[str, Any]:
        files = [os.path.realpath(word) for word in words]
        outcome = self._session.swapper.explain(files)
        known = self._session.swapper.tracked() | self._session.swapper.data_files()
        return {
            "outcome": outcome.as_event(),
            "tracked": [path for path in files if path in known],
            "untracked": {
                path: self._session.swapper.why_untracked(path)
                for path in files
                if path not in known
            },
        }

    def _actions(self) -> dict[str, Callable[[], object]]:
        actions: dict[str, Callable[[], object]] = {
            "r": lambda: self._session.reloading.ask("asked for on the terminal"),
            "R": lambda: self._session.reloading.ask("asked for on the terminal", fresh=True),
            "s": self._report,
            "z": self._session.undo,
            "u": lambda: self._session.console.say("  ".join(self._session.urls) or "no address"),
            "o": self.open_url,
            "c": lambda: sys.stderr.write("\x1b[2J\x1b[3J\x1b[H"),
            "p": self._pause,
        }
        if self._session.stop is not None:
            actions["q"] = self._session.stop
        else:
            actions["q"] = lambda: os.kill(os.getpid(), signal.SIGINT)
        return actions

    def _report(self) -> None:
        if self._session.history:
            self._session.console.outcome(self._session.history[-1])
        else:
            self._session.console.say("nothing has been swapped yet")

    def open_url(self) -> None:
        """Open the first address in a browser."""
        import webbrowser

        http = [url for url in self._session.urls if url.startswith("http")]
        say = self._session.console.say

        def opened() -> None:
            if not webbrowser.open(http[0]):
                self._session.quiet.soon(lambda: say(f"found no browser to open {http[0]}"))

        if http:
            threading.Thread(target=opened, daemon=True).start()
        else:
            say("there is no address to open")

    def _pause(self) -> None:
        watching, say = self._session.watching, self._session.console.say
        watching.paused = not watching.paused
        if watching.paused:
            say("watching is paused; p + enter goes on")
        else:
            say("watching goes on")
            watching.take_late()


def _has_keyboard() -> bool:
    try:
        return os.isatty(0)
    except OSError:
        return False
