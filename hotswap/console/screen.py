"""Where lines go: a terminal through rich, or anything else as plain text. The only file that imports rich."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, Protocol, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console as RichConsole

    from hotswap.console.lines import Line, Style

STYLES: Final[Mapping[Style, str]] = {
    "": "",
    "time": "dim",
    "file": "bold",
    "good": "green",
    "warm": "yellow",
    "bad": "bold red",
    "quiet": "dim",
    "strong": "bold",
    "link": "cyan",
}


class Screen(Protocol):
    """Something lines can be shown on."""

    def show(self, lines: Sequence[Line]) -> None:
        """Write the lines."""

    def clear(self) -> None:
        """Begin at the top of an empty screen, where there is one."""


def open_screen(stream: TextIO) -> Screen:
    """Give a rich terminal when `stream` is one, by rich's own rules (FORCE_COLOR, NO_COLOR, TTY_COMPATIBLE, TERM)."""
    if _may_be_terminal(stream):
        try:
            from rich.console import Console as RichConsole
        except ImportError:
            return Paper(stream)
        console = RichConsole(file=stream, highlight=False, markup=False, emoji=False)
        if console.is_terminal:
            return Terminal(console)
    return Paper(stream)


def _may_be_terminal(stream: TextIO) -> bool:
    """Decide without importing rich (38 ms) that there is no terminal."""
    if any(os.environ.get(name) for name in ("FORCE_COLOR", "TTY_COMPATIBLE")):
        return True
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


class Paper:
    """Plain text: no colours, no wrapping; what is not in the stream's encoding is escaped."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, lines: Sequence[Line]) -> None:
        """Write the lines at once, so that other output does not come between them."""
        write(self._stream, "".join(f"{line.text}\n" for line in lines))

    def clear(self) -> None:
        """Leave what was written: it is in a file or a pipe."""


class Terminal:
    """A terminal, as wide as it is at the moment of writing."""

    def __init__(self, console: RichConsole) -> None:
        self._console = console

    def show(self, lines: Sequence[Line]) -> None:
        """Write the lines, those that are too long with a hanging indent."""
        from rich.text import Text

        width = self._console.width
        for line in lines:
            text = Text()
            for span in line.spans:
                text.append(span.text, style=STYLES[span.style])
            text.rstrip()
            if text.cell_len <= width or width <= line.hang + 10:
                self._console.print(text, soft_wrap=True)
                continue
            first = text.wrap(self._console, width)[0]
            first.rstrip()
            rest = text[len(first.plain) :]
            blanks = len(rest.plain) - len(rest.plain.lstrip())
            self._console.print(first, soft_wrap=True)
            for more in rest[blanks:].wrap(self._console, width - line.hang):
                more.rstrip()
                self._console.print(Text(" " * line.hang) + more, soft_wrap=True)

    def clear(self) -> None:
        """Clear the screen."""
        self._console.clear()


def write(stream: TextIO, text: str) -> None:
    """Write and flush; a character the stream cannot encode is escaped."""
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = getattr(stream, "encoding", None) or "ascii"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stream.flush()
