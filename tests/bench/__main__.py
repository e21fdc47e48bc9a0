"""``python -m tests.bench [NAME ...]``: each measurement beside its peer; prints a table, writes JSON and pictures."""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from tests.bench.plots import draw

NAMES = ("saves", "throughput", "startup", "loops", "exec_wire", "keeper", "page")


def main(names: list[str]) -> int:
    """Run the named measurements (all of them when none is named)."""
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
    }
    results: dict[str, Any] = {"machine": machine}
    for name in names or NAMES:
        results[name] = importlib.import_module(f"tests.bench.{name}").measure()
        sys.stdout.write(f"{name}: {json.dumps(results[name], indent=2)}\n")
        sys.stdout.flush()
    target = Path("docs/_build/bench.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(results, indent=2) + "\n")
    for picture in draw(results, target.parent):
        sys.stdout.write(f"{picture}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
