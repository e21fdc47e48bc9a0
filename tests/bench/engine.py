"""The engine alone: what one edit takes, by size of the module, of the heap, of the program; beside in-process peers.

Each peer runs in a process of its own and edits in turn. Before each edit the processor's caches are emptied, as they
are when a program has been idle until its user saved. `importlib.reload` runs a module again and changes nothing that
others hold; it is shown for its cost. ``python -m tests.bench.engine PEER SCENARIO`` is such a process.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.bench.programs import SCENARIOS
from tests.bench.support import summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.bench.programs import Scenario

QUICK = {"rounds": 3}
LAST_CACHE = 64 << 20
"""Bytes that surely push everything else out of the processor's caches."""


def measure(rounds: int = 9) -> dict[str, Any]:
    """Edit `rounds` times with each peer in turn; milliseconds by scenario and peer."""
    return {name: _compared(name, scenario, rounds) for name, scenario in SCENARIOS.items()}


def _compared(name: str, scenario: Scenario, rounds: int) -> dict[str, Any]:
    times: dict[str, list[float]] = {peer: [] for peer in scenario.peers}
    with ExitStack() as stack:
        processes = {peer: stack.enter_context(_process(peer, name)) for peer in scenario.peers}
        for number in range(rounds + 2):  # the first two warm up
            for peer, process in processes.items():
                assert process.stdin is not None
                assert process.stdout is not None
                process.stdin.write("go\n")
                process.stdin.flush()
                answer = process.stdout.readline()
                if not answer:
                    raise RuntimeError(f"{peer} failed at {name!r}")
                if number >= 2:
                    times[peer].append(json.loads(answer))
        for process in processes.values():
            assert process.stdin is not None
            process.stdin.close()
    return {peer: summary(found) for peer, found in times.items()}


def _process(peer: str, name: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.bench.engine", peer, name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


# -- one peer's process -----------------------------------------------------------------------------------------------


def hotswap(folder: Path, scenario: Scenario) -> Callable[[Path], object]:
    """Give what swaps a saved file in."""
    from hotswap.swapper import Swapper

    swapper = Swapper([folder])
    importlib.import_module(scenario.module)

    def swap(file: Path) -> None:
        outcome = swapper.apply([file])
        assert outcome.ok and not outcome.stale, outcome

    return swap


def jurigged(folder: Path, scenario: Scenario) -> Callable[[Path], object]:
    """Give what lets jurigged take a saved file, without its watcher."""
    from jurigged.register import registry

    importlib.import_module(scenario.module)
    file = folder / scenario.file
    registry.prepare(_named(scenario), str(file))
    known = registry.get(str(file))
    return lambda _: known.refresh()


def reload(folder: Path, scenario: Scenario) -> Callable[[Path], object]:
    """Give what reloads a saved file's module."""
    del folder
    importlib.import_module(scenario.module)
    module = importlib.import_module(_named(scenario))
    return lambda _: importlib.reload(module)


PEERS = {"hotswap": hotswap, "jurigged": jurigged, "importlib.reload": reload}


def _named(scenario: Scenario) -> str:
    return scenario.file.removesuffix(".py").replace("/", ".")


def _rounds(peer: str, scenario: Scenario) -> Iterator[float]:
    """Edit once for each line of the standard input; milliseconds each."""
    ballast = [[number] for number in range(scenario.objects)]
    scratch = bytes(LAST_CACHE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        scenario.write(folder)
        sys.path.insert(0, str(folder))
        sys.dont_write_bytecode = True  # a .pyc tells versions apart by whole seconds
        take = PEERS[peer](folder, scenario)
        gc.collect()
        file = folder / scenario.file
        for number, _ in enumerate(sys.stdin, 1):
            file.write_text(scenario.edit(file.read_text(), number))
            scratch = scratch.replace(b"\1", b"\2")
            began = time.perf_counter()
            take(file)
            yield (time.perf_counter() - began) * 1000
    del ballast


if __name__ == "__main__":
    for milliseconds in _rounds(sys.argv[1], SCENARIOS[sys.argv[2]]):
        sys.stdout.write(f"{milliseconds}\n")
        sys.stdout.flush()
