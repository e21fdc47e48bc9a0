"""``.env`` files that may change: read as python-dotenv reads them, and followed in `os.environ`.

What the shell had set before wins, as in ``load_dotenv()``; a key that a file no longer has is taken away again.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Final

from hotswap.source.model import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, MutableMapping

# The grammar of python-dotenv 1.2, parser.py
_BLANK: Final = re.compile(r"\s*", re.MULTILINE)
_SPACE: Final = re.compile(r"[^\S\r\n]*")
_EXPORT: Final = re.compile(r"(?:export[^\S\r\n]+)?")
_QUOTED_KEY: Final = re.compile(r"'([^']+)'")
_KEY: Final = re.compile(r"([^=\#\s]+)")
_EQUALS: Final = re.compile(r"=[^\S\r\n]*")
_SINGLE: Final = re.compile(r"'((?:\\.|[^'\\])*)'", re.DOTALL)
_DOUBLE: Final = re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)
_BARE: Final = re.compile(r"[^\r\n]*")
_COMMENT: Final = re.compile(r"(?:[^\S\r\n]*#[^\r\n]*)?")
_END: Final = re.compile(r"[^\S\r\n]*(?:\r\n|\n|\r|$)")
_REST: Final = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)?")
_DOUBLE_ESCAPES: Final = re.compile(r"\\[\\'\"abfnrtv]")
_SINGLE_ESCAPES: Final = re.compile(r"\\[\\']")
_VARIABLE: Final = re.compile(r"\$\{(?P<name>[^\}:]*)(?::-(?P<default>[^\}]*))?\}")


def is_dotenv(path: str) -> bool:
    """Say whether a file's name is one that environment files have: ``.env``, ``.env.local``, ``prod.env``."""
    name = os.path.basename(path)
    return name == ".env" or name.startswith(".env.") or name.endswith(".env")


def parse(text: str) -> list[tuple[str, str | None]]:
    """Give the bindings of a file in order, uninterpolated; a key without ``=`` has None. Other lines are none."""
    text = text.removeprefix("\ufeff")
    found: list[tuple[str, str | None]] = []
    place = 0
    while place < len(text):
        start = _end_of(_BLANK, text, place)
        if start >= len(text):
            break
        try:
            key, value, place = _binding(text, start)
        except _NoBindingError as error:
            place = _end_of(_REST, text, error.place)
            continue
        if key:
            found.append((key, value))
    return found


def values(text: str, shell: Mapping[str, str]) -> dict[str, str]:
    """Give the values of a file with ``${NAME}`` and ``${NAME:-default}`` put in; the shell's values win there, too."""
    found: dict[str, str | None] = {}
    for key, value in parse(text):

        def put_in(match: re.Match[str]) -> str:
            name, default = match["name"], match["default"]
            known = shell[name] if name in shell else found.get(name, default)
            return known or ""

        found[key] = None if value is None else _VARIABLE.sub(put_in, value)
    return {key: value for key, value in found.items() if value is not None}


class Layer:
    """What environment files have put into an environment, over what the shell had set."""

    def __init__(self, environ: MutableMapping[str, str] | None = None) -> None:
        self.environ = os.environ if environ is None else environ
        self.shell: dict[str, str] = dict(self.environ)
        self.loaded: dict[str, dict[str, str]] = {}
        """Path -> the values that came from it."""
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
            read = self._read(path)
            if path not in self.loaded and isinstance(read, dict):
                self.loaded[path] = {
                    key: value for key, value in read.items() if self.environ.get(key) == value
                }

    def follow(self, path: str, undo: list[Callable[[], None]]) -> Fault | None:
        """Bring the environment up to date with a file that was saved or deleted.

        Args:
            path: The file.
            undo: Gets what puts the environment back, when the swap is rolled back.
        """
        read = self._read(path) if os.path.exists(path) else {}
        if isinstance(read, Fault):
            return read
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


class _NoBindingError(Exception):
    """A line is no binding; `place` is how far it was read."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


def _end_of(pattern: re.Pattern[str], text: str, place: int) -> int:
    """Give where a pattern that may match nothing ends."""
    match = pattern.match(text, place)
    return match.end() if match else place


def _expect(pattern: re.Pattern[str], text: str, place: int) -> tuple[str, int]:
    """Give what a pattern matches (its group, if it has one) and where it ends.

    Raises:
        _NoBindingError: It does not match.
    """
    match = pattern.match(text, place)
    if match is None:
        raise _NoBindingError(place)
    return match[match.re.groups], match.end()


def _binding(text: str, place: int) -> tuple[str, str | None, int]:
    """Read one line; a comment gives an empty key.

    Raises:
        _NoBindingError: It cannot be read.
    """
    place = _end_of(_EXPORT, text, place)
    key, value = "", None
    if text[place : place + 1] != "#":
        pattern = _QUOTED_KEY if text.startswith("'", place) else _KEY
        key, place = _expect(pattern, text, place)
    place = _end_of(_SPACE, text, place)
    if text.startswith("=", place):
        end = _end_of(_EQUALS, text, place)
        apart, place = end - place > 1, end
        if apart and text.startswith("#", place):  # KEY= # comment; in KEY=#value it is a value
            value = ""
        else:
            value, place = _value(text, place)
    place = _end_of(_COMMENT, text, place)
    _, place = _expect(_END, text, place)
    return key, value, place


def _value(text: str, place: int) -> tuple[str, int]:
    quote = text[place : place + 1]
    if quote == "'":
        inner, place = _expect(_SINGLE, text, place)
        return _SINGLE_ESCAPES.sub(_unescaped, inner), place
    if quote == '"':
        inner, place = _expect(_DOUBLE, text, place)
        return _DOUBLE_ESCAPES.sub(_unescaped, inner), place
    bare, place = _expect(_BARE, text, place)
    return re.sub(r"\s+#.*", "", bare).rstrip(), place


def _unescaped(match: re.Match[str]) -> str:
    return match[0].encode().decode("unicode-escape")
