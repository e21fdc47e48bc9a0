"""How things stand, in facts: what the start line, the status page and ``--status`` are made of."""

from __future__ import annotations

import dataclasses
import os
import re
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hotswap.session.session import Session


def status(session: Session) -> dict[str, object]:
    """Tell how things stand."""
    from hotswap import __version__

    last = next((one for one in reversed(session.history) if one.ok), None)
    return {
        "target": session.target,
        "version": __version__,
        "pid": os.getpid(),
        "image": session.image,
        "root": session.root,
        "urls": list(session.urls),
        "generation": session.swapper.generation,
        "connections": session.registry.counts(),
        "stale": [dataclasses.asdict(stale) for stale in last.stale] if last else [],
        "pending": sorted(session.swapper.pending),
        "paused": session.watching.paused,
    }


def started(session: Session) -> dict[str, object]:
    """Tell that the program runs: where, and what is watched."""
    from hotswap import __version__

    watcher = session.watching.watcher
    return {
        "version": __version__,
        "target": session.target,
        "urls": list(session.urls),
        "pid": os.getpid(),
        "generation": session.swapper.generation,
        "modules": len(session.swapper.tracked()),
        "templates": session.templates,
        "data_files": len(session.swapper.data_files()),
        "watching": list(watcher.directories) if watcher else [],
        "polling": watcher.polling if watcher else "",
        "keys": session.desk.keys is not None,
        "tips": _tips(session.plan.name if session.plan else ""),
        "resumed": session.manifest is not None,
        "ms": (time.perf_counter() - session.began) * 1000,
    }


def _tips(target: str) -> list[str]:
    """Give what to try, from the numbered list in the docstring of the target's package."""
    name = target.partition(":")[0].partition(".")[0]
    text = getattr(sys.modules.get(name), "__doc__", None) or ""
    items = (re.match(r"\s*\d\.\s+(.*)", one) for one in text.splitlines())
    return [item[1] for item in items if item]
