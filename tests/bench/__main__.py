"""``python -m tests.bench [--quick] [NAME ...]``: each measurement beside its peer; writes JSON and pictures.

With ``--quick`` a few rounds of each are run: enough to see that nothing became slower by a factor.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

from tests.bench.plots import draw

NAMES = (
    "saves",
    "throughput",
    "startup",
    "engine",
    "large",
    "loops",
    "exec_wire",
    "keeper",
    "page",
)


def main(names: list[str]) -> int:
    """Run the named measurements (all of them when none is named)."""
    quick = "--quick" in names
    names = [name for name in names if name != "--quick"]
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
    }
    results: dict[str, Any] = {"machine": machine}
    for name in names or NAMES:
        module = importlib.import_module(f"tests.bench.{name}")
        results[name] = module.measure(**(module.QUICK if quick else {}))
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
