"""Hold the public names to complete types: ``python -m tests.typing.public`` asks pyright, and fails.

pyright takes every module without an underscore for public. Ours are rooms of the house, so only the modules below
count: what apps call, what hooks and `Swapper` give them, and the pytest plugin.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import hotswap

PUBLIC: Final = (
    "hotswap.hooks",
    "hotswap.source.model",
    "hotswap.swapper",
    "hotswap.testing",
)
"""Modules whose every name must be known; and the names of ``hotswap`` itself."""


OPTIONS: Final = ("--ignoreexternal", "--outputjson")


def incomplete(report: dict[str, Any]) -> list[str]:
    """Give a line for each public name whose type is not known; and one for each name that pyright does not see."""
    found = {symbol["name"]: symbol for symbol in report["typeCompleteness"]["symbols"]}
    lines = [
        f"hotswap.{name}: not seen"
        for name in hotswap.__all__
        if not name.startswith("__") and f"hotswap.{name}" not in found
    ]
    for name, symbol in found.items():
        ours = name.startswith(tuple(f"{module}." for module in PUBLIC)) or name.count(".") == 1
        if not ours or (symbol["isTypeKnown"] and not symbol["isTypeAmbiguous"]):
            continue
        why = "; ".join(" ".join(one["message"].split()) for one in symbol["diagnostics"])
        lines.append(f"{name}: {why or 'one of its members is not known'}")
    return lines


def main() -> int:
    """Ask pyright; give the exit code."""
    home = Path(hotswap.__file__).parents[1]
    with tempfile.TemporaryDirectory() as elsewhere:  # in its own tree a package counts as private
        asked = subprocess.run(
            [sys.executable, "-m", "pyright", "--verifytypes", "hotswap", *OPTIONS],
            cwd=elsewhere,
            env={**os.environ, "PYTHONPATH": str(home)},
            capture_output=True,
            text=True,
            check=False,
        )
    try:
        lines = incomplete(json.loads(asked.stdout))
    except (ValueError, KeyError):
        lines = [asked.stdout + asked.stderr]
    sys.stdout.write("\n".join(lines) + "\n" if lines else "pyright knows every public name\n")
    return 1 if lines else 0


if __name__ == "__main__":
    raise SystemExit(main())
