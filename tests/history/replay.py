"""Replays pairs of releases in child processes and judges them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.history.packages import IMPORTED, STATE
from tests.history.releases import folder_of, sources_of
from tests.history.verdict import Verdict, judge, stable

ROOT = Path(__file__).parents[2]


def child(*arguments: str, module: str = "program", timeout: float = 300) -> dict[str, Any]:
    """Run a program of this package in a process of its own; give the JSON object it prints.

    Raises:
        RuntimeError: It did not end well.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [sys.executable, "-m", f"tests.history.{module}", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode or not done.stdout.strip():
        raise RuntimeError(f"{' '.join(arguments)}: exit {done.returncode}\n{done.stderr[-2000:]}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


@cache
def fresh(cache_folder: Path, package: str, version: str) -> dict[str, Any]:
    """Describe a fresh import of a release, twice; give what both agree on."""
    folder = folder_of(cache_folder, package, version)
    one, other = (child("fresh", IMPORTED.get(package, package), str(folder)) for _ in range(2))
    return {**one, "inventory": stable(one["inventory"], other["inventory"])}


def replay(cache_folder: Path, package: str, old: str, new: str) -> list[Verdict]:
    """Swap one release onto another and back; give a verdict for each way that was gone."""
    folders = [folder_of(cache_folder, package, version) for version in (old, new)]
    wanted = [fresh(cache_folder, package, version) for version in (new, old)]
    with tempfile.TemporaryDirectory(prefix="history-") as work:
        imported = IMPORTED.get(package, package)
        lived = child("swap", imported, str(Path(work) / "work"), *map(str, folders))
    state = STATE.get(package, ())
    return [judge(way, want, state) for way, want in zip(lived["ways"], wanted, strict=False)]


def topics(cache_folder: Path, version: str) -> list[Path]:
    """Give the folders of FastAPI's documented examples, as the source distribution ships them."""
    found = sources_of(cache_folder, "fastapi", version) / "docs_src"
    return sorted(path for path in found.iterdir() if (path / "tutorial001.py").exists())


def replay_examples(folder: Path) -> dict[str, Verdict]:
    """Swap each tutorial of a topic onto the next and back; give the verdicts."""
    with tempfile.TemporaryDirectory(prefix="history-") as work:
        found = child(str(folder), work, module="examples")
    return {way: Verdict(word, tuple(details), ms) for way, (word, details, ms) in found.items()}


def replay_edits(*modules: str) -> dict[str, Verdict]:
    """Make small edits of every kind to modules of the standard library; give the verdicts."""
    with tempfile.TemporaryDirectory(prefix="history-") as work:
        found = child(work, *modules, module="mutations", timeout=900)
    return {way: Verdict(word, tuple(details), ms) for way, (word, details, ms) in found.items()}
