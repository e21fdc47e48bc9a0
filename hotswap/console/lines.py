"""Lines of styled text, before anybody decides whether there are colours."""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

Style = Literal["", "time", "file", "good", "warm", "bad", "quiet", "strong", "link"]

INDENT: Final = 10
"""Details stand under the file name: ``14:03:07`` and two blanks."""

_CONTROL: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line in one style."""

    text: str
    style: Style = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report; `hang` is the column where its continuation begins when a terminal is too narrow."""

    spans: tuple[Span, ...]
    hang: int = INDENT + 2

    @property
    def text(self) -> str:
        """The line without styles."""
        return "".join(span.text for span in self.spans).rstrip()


def line(*parts: Span | str, indent: int = INDENT, hang: int = INDENT + 2) -> Line:
    """Make a line of plain strings and spans, indented like a detail."""
    spans = [part if isinstance(part, Span) else Span(part) for part in parts]
    return Line((Span(" " * indent), *spans) if indent else tuple(spans), hang)


def clean(text: str) -> str:
    """Write control characters as escapes: a message must not move the cursor or ring the bell."""
    return _CONTROL.sub(
        lambda found: found[0].encode("unicode_escape").decode(), text.expandtabs(4)
    )


def pad(text: str, width: int) -> str:
    """Fill up to `width` columns of a terminal; wide characters count as two."""
    return text + " " * max(0, width - columns(text))


def columns(text: str) -> int:
    """Count the columns `text` takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.combining(character)
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )


def short(path: str, root: str) -> str:
    """Give `path` relative to `root` when it lies below, with ``~`` for the home directory otherwise."""
    if root and path.startswith(root.rstrip(os.sep) + os.sep):
        return clean(path[len(root.rstrip(os.sep)) + 1 :])
    home = os.path.expanduser("~")
    if home not in {"~", os.sep} and path.startswith(home + os.sep):
        return clean("~" + path[len(home) :])
    return clean(path)


INVARIABLE: Final = frozenset({"http", "sse"})
"""Kinds of connections that have no plural: two of HTTP are no "https"."""


def count(number: int, noun: str) -> str:
    """Write ``1 module``, ``3 modules``."""
    if number == 1 or noun in INVARIABLE:
        return f"{number} {noun}"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{number} {noun[:-1]}ies"
    return f"{number} {noun}es" if noun.endswith(("s", "x", "ch")) else f"{number} {noun}s"


def milliseconds(value: float) -> str:
    """Write a duration the way a reader compares it: ``0.8 ms``, ``9 ms``, ``1.3 s``."""
    if value < 0.95:
        return f"{value:.1f} ms"
    return f"{value:.0f} ms" if value < 9_999.5 else f"{value / 1000:.1f} s"
