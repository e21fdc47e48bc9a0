"""Every event that a session reports has the keys that docs/reference/events.md promises, and no others."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs.test_documents import BLOCK, documented, names

if TYPE_CHECKING:
    from collections.abc import Callable

    from hotswap.testing import Live, Project

    Start = Callable[..., Live]

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform == "win32", reason="exec keeps connections on POSIX"),
]


def test_events_are_as_documented(project: Project, live: Start) -> None:
    project.write(main="from fastapi import FastAPI\n\napp = FastAPI()\nX = 1\n")
    (project.root / "style.css").write_text("a {}\n")
    server = live("main:app")
    server.swap("main.py", "X = 1", "X = 2")
    server.swap("main.py", "X = 2", "X = (")
    server.swap("main.py", "X = (", "X = 2")
    project.write(main=project.read("main.py") + "\n")
    server.signal(signal.SIGUSR1)
    server.wait(lambda event: bool(event.get("resumed")))
    server.stop()

    promised = {row[0].strip("`"): names(row[2]) for row in documented("event")}
    seen = {event["event"]: set(event) - {"v", "event"} for event in server.events}
    del seen["outcome"]  # documented in a table of its own: tests/docs
    assert {"started", "stopped"} <= set(seen)
    for event, keys in seen.items():
        if event == "note":
            assert promised[event] <= keys  # further facts for machines may stand beside the text
        else:
            assert keys == promised[event], event


def test_the_example_of_the_how_to_passes(project: Project, live: Start) -> None:
    """docs/how-to/pytest.md: the block is the test."""
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "pytest.md").read_text()
    (code,) = (match[2] for match in BLOCK.finditer(page) if match[1] == "python")
    space: dict[str, Any] = {}
    exec(code, space)

    (example,) = (made for name, made in space.items() if name.startswith("test_"))
    example(project, live)
