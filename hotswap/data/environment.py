"""What environment files have put into `os.environ`, over what the shell had set; followed as they change.

What the shell had set before wins, as in ``load_dotenv()``; a key that a file no longer has is taken away again.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from hotswap.source.model import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, MutableMapping


def is_dotenv(path: str) -> bool:
    """Say whether a file's name is one that environment files have: ``.env``, ``.env.local``, ``prod.env``."""
    name = os.path.basename(path)
    return name == ".env" or name.startswith(".env.") or name.endswith(".env")


class Layer:
    """What environment files have put into an environment, over what the shell had set."""

    def __init__(self, environ: MutableMapping[str, str] | None = None) -> None:
        self.environ = os.environ if environ is None else environ
        self.shell: dict[str, str] = dict(self.environ)
        self.loaded: dict[str, dict[str, str]] = {}
        """Path -> the values that came from it."""
        self.apart: set[str] = set()
        """Files whose values never reach the environment: pydantic-settings keeps what it reads to itself."""
        self.changed: set[str] = set()
        """Keys that the last `follow` set, changed or removed."""

    def load(self, path: str) -> Fault | None:
        """Put a file's values into the environment, at the start."""
        read = self._read(path)
        if isinstance(read, Fault):
            return read
        self.loaded[path] = read
        for key, value in read.items():
            if key not in self.shell:
                self.environ[key] = value
        return None

    def note(self, paths: Iterable[str]) -> None:
        """Learn which values came from files that the program loaded itself."""
        for path in paths:
            if path in self.loaded or path in self.apart or not os.path.exists(path):
                continue
            read = self._read(path)
            if isinstance(read, Fault):
                continue
            there = {key: value for key, value in read.items() if self.environ.get(key) == value}
            if read and not there:
                self.apart.add(path)
            else:
                self.loaded[path] = there

    def follow(self, path: str, undo: list[Callable[[], None]]) -> Fault | None:
        """Bring the environment up to date with a file that was saved or deleted.

        Args:
            path: The file.
            undo: Gets what puts the environment back, when the swap is rolled back.
        """
        read = self._read(path) if os.path.exists(path) else {}
        if isinstance(read, Fault):
            return read
        if path in self.apart:
            self.changed = set()
            return None
        before = self.loaded.get(path, {})
        environ, loaded = dict(self.environ), dict(self.loaded)
        undo.append(lambda: self._back(environ, loaded))
        self.loaded[path] = read
        self.changed = set()
        for key in {**before, **read}:
            if key in self.shell and self.environ.get(key) == self.shell[key]:
                continue  # the shell's own; after load_dotenv(override=True) the environment differs from it
            if key in read:
                self._put(key, read[key])
            elif self.environ.get(key) == before[key]:
                self._put(key, self._beneath(key, path))
        return None

    def before_program(self, key: str) -> str | None:
        """Give the value that a variable has when no statement of the program sets it."""
        if key in self.shell:
            return self.shell[key]
        return next((read[key] for read in self.loaded.values() if key in read), None)

    def carry(self) -> dict[str, Any]:
        """Give what the next process image must know: what the shell had set, and what came from files."""
        return {"shell": self.shell, "loaded": self.loaded}

    def adopt(self, carried: Mapping[str, Any]) -> None:
        """After an exec reload: the environment as the shell gave it, so that the files are loaded anew."""
        if not carried:
            return
        self.shell = dict(carried["shell"])
        for read in carried["loaded"].values():
            for key, value in read.items():
                if self.environ.get(key) == value and self.shell.get(key) != value:
                    self._put(key, self.shell.get(key))

    def _put(self, key: str, value: str | None) -> None:
        if value is None:
            self.environ.pop(key, None)
        else:
            self.environ[key] = value
        self.changed.add(key)

    def _beneath(self, key: str, path: str) -> str | None:
        """Give the value that shows once `path` has none: another file's, else the shell's."""
        for other, read in self.loaded.items():
            if other != path and key in read:
                return read[key]
        return self.shell.get(key)

    def _back(self, environ: dict[str, str], loaded: dict[str, dict[str, str]]) -> None:
        for key in [key for key in self.environ if key not in environ]:
            del self.environ[key]
        for key, value in environ.items():
            if self.environ.get(key) != value:
                self.environ[key] = value
        self.loaded = loaded

    def _read(self, path: str) -> dict[str, str] | Fault:
        from hotswap.data.dotenv import values

        try:
            with open(path, encoding="utf-8") as file:
                return values(file.read(), self.shell)
        except OSError as error:
            reason = error.strerror or str(error)
        except UnicodeDecodeError as error:
            reason = f"not UTF-8: {error.reason} at byte {error.start}"
        return Fault(
            code="HS701",
            title="settings refused",
            message=f"{os.path.basename(path)} cannot be read: {reason}",
            path=path,
            hint="the environment is as it was",
        )
