"""``.env`` files, read as python-dotenv reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

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
