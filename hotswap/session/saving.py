"""One save, as far as it is not the swapper's: environment files, hooks, data files; all or nothing with the code."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

from hotswap.data import listeners, settings
from hotswap.data.environment import is_dotenv
from hotswap.live.batch import Outside
from hotswap.session.reporting import report
from hotswap.source.model import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from hotswap.session.session import Session
    from hotswap.source.model import Fault


class Saving:
    """Makes one `Outcome` of one batch."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._digests: dict[str, bytes] = {}
        """Data file -> digest of the bytes that the program knows."""

    def noted(self, files: Iterable[str]) -> None:
        """Remember what the data files hold, so that one saved unchanged does nothing."""
        for path in files:
            if path not in self._digests and not path.endswith(".py"):
                self._digests[path] = _digest(path)

    def save(self, files: Sequence[str]) -> Outcome | None:
        """Carry a batch out; None when nothing of it matters to anybody."""
        session = self._session
        swapper = session.swapper
        known = swapper.tracked() | swapper.data_files() | swapper.pending
        batch = [path for path in files if path.endswith(".py") or self._differs(path)]
        listened = [path for path in batch if listeners.of(path, session.root)]
        env = [path for path in batch if self._is_env(path)]
        schema = [path for path in batch if session.migrating and session.migrating.wants(path)]
        code = [path for path in batch if path in known or path.endswith(".py")]
        for path in batch:
            if path not in {*known, *env, *listened, *schema}:
                why = swapper.why_untracked(path)
                session.console.say(f"{session.short(path)} is not tracked: {why}", level="debug")
        if not code and not env and not listened and not schema:
            return None
        undo: list[Callable[[], None]] = []
        refreshed: list[Any] = []
        fault = session.migrating.follow(schema) if session.migrating and schema else None
        fault = fault or self._data(env, listened, undo, refreshed)
        variables = frozenset(session.env.changed) if env else frozenset()
        if fault is not None:
            outcome = self._made(batch, fault)
        elif variables or refreshed:
            outcome = swapper.apply(code, outside=Outside(env[0], variables, tuple(refreshed)))
        elif code:
            outcome = swapper.apply(code)
        else:
            outcome = self._made(batch, None)
        if outcome.fault is not None:
            for action in reversed(undo):
                action()
            session.state.set_anew.forget()
        else:
            for path in batch:
                self._digests[path] = _digest(path)
            session.state.set_anew.settle()
        if outcome.ok and not outcome.files:
            return None  # saved as it was
        return outcome

    def _data(
        self,
        env: Sequence[str],
        listened: Sequence[str],
        undo: list[Callable[[], None]],
        refreshed: list[Any],
    ) -> Fault | None:
        """Bring environment, settings and listeners up to date; the first fault ends it."""
        session = self._session
        for path in env:
            fault = session.env.follow(path, undo)
            if fault is not None:
                return fault
        if env:
            for module in session.modules():
                session.state.set_anew.note(module.__name__)
            fault = settings.refresh(session.modules(), env[0], undo, refreshed)
            if fault is not None:
                return fault
        return listeners.call(listened, session.root, self._hook_failed) if listened else None

    def _hook_failed(self, fault: Fault) -> None:
        """An async hook of a data file raised after its save was reported."""
        report(self._session, self._made((), fault))

    def _made(self, files: Sequence[str], fault: Fault | None) -> Outcome:
        """Make the outcome of a batch in which no code was swapped."""
        swapper = self._session.swapper
        return Outcome(
            ok=fault is None,
            rung="reexec" if fault is None else None,
            files=tuple(files),
            fault=fault,
            generation=swapper.generation,
            pending=tuple(sorted(swapper.pending)),
        )

    def _is_env(self, path: str) -> bool:
        given = self._session.options.env_file
        if given and os.path.abspath(given) == path:
            return True
        if path in settings.env_files():
            return True
        return is_dotenv(path) and path in self._session.swapper.data_files()

    def _differs(self, path: str) -> bool:
        return self._digests.get(path) != _digest(path)


def _digest(path: str) -> bytes:
    """Give 16 bytes that are equal for equal content; none for a file that is not there."""
    try:
        with open(path, "rb") as file:
            return hashlib.blake2b(file.read(), digest_size=16).digest()
    except OSError:
        return b""
