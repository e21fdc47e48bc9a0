"""An app of 1,000 modules: a save, the start, and what it costs to do nothing for ten seconds; beside its peers."""

from __future__ import annotations

import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.bench import saves, startup
from tests.bench.exec_wire import processor_time
from tests.bench.support import serving, write_app

MODULES = 1000
LINES = 20
QUICK = {"rounds": 3, "starts": 2, "seconds": 4.0}
KINDS = ("uvicorn", "hotswap", "jurigged")


def measure(rounds: int = 15, starts: int = 5, seconds: float = 10.0) -> dict[str, Any]:
    """Measure the three in turn."""
    return {
        "saves": saves.measure(rounds, MODULES, LINES),
        "startup": startup.measure(starts, MODULES, LINES),
        "idle": idle(seconds),
    }


def idle(seconds: float) -> dict[str, float]:
    """Give the seconds of processor time that each server uses while nobody asks it anything."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        servers = {}
        for kind in KINDS:
            folder = Path(name) / kind
            write_app(folder, MODULES, LINES)
            servers[kind] = stack.enter_context(serving(kind, folder))
        pause = threading.Event()
        pause.wait(3.0)  # what each sets up after its start is not idleness
        before = {kind: processor_time(server.process.pid) for kind, server in servers.items()}
        pause.wait(seconds)
        return {
            kind: round(processor_time(server.process.pid) - before[kind], 2)
            for kind, server in servers.items()
        }
