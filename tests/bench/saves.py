"""Save -> first new response of a five-module app, interleaved with `uvicorn --reload`, uvicorn-hmr and jurigged."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

from tests.bench.support import COMMANDS, serving, summary, write_app

PEERS = (
    "hotswap",
    "jurigged",
    "uvicorn --reload",
    *(("uvicorn-hmr",) if find_spec("uvicorn_hmr") else ()),  # for Python 3.12 and later
)
QUICK = {"rounds": 4}


def answer(number: int) -> str:
    """Give a text of another length each time: a .pyc file is stale only by second and size of its source."""
    return "0" if not number else "a" * (number % 5) + str(number)


def measure(rounds: int = 20, modules: int = 5, lines: int = 100) -> dict[str, dict[str, float]]:
    """Edit the same function `rounds` times under each server in turn; milliseconds by server."""
    times: dict[str, list[float]] = {kind: [] for kind in PEERS}
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        files, servers = {}, {}
        for kind in PEERS:
            folder = Path(name) / kind.replace(" ", "")
            files[kind] = write_app(folder, modules, lines)
            servers[kind] = stack.enter_context(serving(kind, folder))
        for number in range(1, rounds + 1):
            for kind in PEERS:
                text = files[kind].read_text()
                said = answer(number)
                edited = text.replace(f"return '{answer(number - 1)}'", f"return '{said}'", 1)
                began = time.perf_counter()
                files[kind].write_text(edited)
                times[kind].append((servers[kind].wait_for(said) - began) * 1000)
    assert set(times) <= set(COMMANDS)
    return {kind: summary(values) for kind, values in times.items()}
