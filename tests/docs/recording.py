"""Play the tutorial on a terminal and draw what it showed: ``python -m tests.docs.recording`` writes console.svg.

The demo is copied to a folder of its own and served on a real terminal (pty); the edits are those of the tutorial.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT: Final = Path(__file__).parents[2]
TARGET: Final = ROOT / "docs" / "_static" / "console.svg"
COLUMNS: Final = 92
EDITS: Final = (
    ("prices.py", '"tea": 3', '"tea": 2', "gen 1"),
    (
        "room.py",
        "await self.tell(text, who=guest.name, door=guest.door)\n",
        (
            "await self.tell(text, who=guest.name, door=guest.door)\n"
            '        if "hello" in text.lower():\n'
            '            await self.tell(f"Welcome, {guest.name}!", kind="news")\n'
        ),
        "gen 2",
    ),
    ("prices.py", "amount: int = 1) -> int:", "amount: int = 1 -> int:", "HS101"),
    ("prices.py", "amount: int = 1 -> int:", "amount: int = 1) -> int:", "mended"),
)


class Terminal:
    """A program on a pseudo terminal."""

    def __init__(self, folder: Path) -> None:
        self.near, far = pty.openpty()
        termios.tcsetwinsize(far, (40, COLUMNS))
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm-256color",
            "DEMO_TCP_PORT": "0",
        }
        environment.pop("NO_COLOR", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hotswap", "demo_server", "--port", "0"],
            cwd=folder,
            env=environment,
            stdin=far,
            stdout=far,
            stderr=far,
            start_new_session=True,
            # keys are read in the foreground only
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(far)
        self.shown = ""

    def until(self, text: str) -> None:
        """Read until `text` was shown after what was shown before.

        Raises:
            TimeoutError: It was not, within a minute.
        """
        start, end = len(self.shown), time.monotonic() + 60
        while text not in self.shown[start:]:
            if not select.select([self.near], [], [], max(0.0, end - time.monotonic()))[0]:
                raise TimeoutError(f"no {text!r} in\n{self.shown}")
            self.shown += os.read(self.near, 65536).decode(errors="replace")


def play(folder: Path) -> str:
    """Give all that the terminal showed."""
    terminal = Terminal(folder)
    try:
        terminal.until("for help")
        for name, old, new, seen in EDITS:
            path = folder / "demo_server" / name
            text = path.read_text()
            assert old in text, name
            path.write_text(text.replace(old, new))
            terminal.until(seen)
        os.write(terminal.near, b"r\n")
        terminal.until("lost 0")
    finally:
        terminal.process.terminate()
        terminal.process.wait()
    return terminal.shown


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ignore = shutil.ignore_patterns("*.db*", "__pycache__")
        shutil.copytree(ROOT / "demo_server", folder / "demo_server", ignore=ignore)
        shown = play(folder)
    shown = re.sub(r"http://127\.0\.0\.1:\d+", "http://127.0.0.1:8000", shown).replace("\r", "")
    console = Console(width=COLUMNS, record=True, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi("$ hotswap demo_server\n" + shown.rstrip()))
    picture = console.export_svg(title="hotswap demo_server", theme=MONOKAI)
    # loads nothing from elsewhere
    picture = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)
    TARGET.write_text(re.sub(r"[ \t]+$", "", picture, flags=re.MULTILINE))


if __name__ == "__main__":
    main()
