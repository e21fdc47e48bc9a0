"""Time to the first answer and memory at idle, beside plain uvicorn."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from tests.bench.support import serving, write_app

KINDS = ("uvicorn", "hotswap")
QUICK = {"rounds": 3}


def resident(pid: int) -> float:
    """Give the resident set of a process in MB (``/proc/PID/status``)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise LookupError("VmRSS")


def measure(rounds: int = 7, modules: int = 5, lines: int = 100) -> dict[str, float]:
    """Start both `rounds` times in turn; milliseconds to the first answer, MB resident after it."""
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    memory: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        edited = write_app(folder, modules, lines)
        for kind in KINDS:
            with serving(kind, folder):
                pass  # writes the .pyc files
        for number in range(rounds):
            for kind in KINDS:
                began = time.perf_counter()
                with serving(kind, folder) as server:
                    times[kind].append((time.perf_counter() - began) * 1000)
                    # memory counts what the first swap brings in
                    if kind == "hotswap" and number == 0:
                        edited.write_text(edited.read_text().replace("return '0'", "return '1'"))
                        server.wait_for("1")
                        edited.write_text(edited.read_text().replace("return '1'", "return '0'"))
                        server.wait_for("0")
                    if number == 0:
                        memory[kind].append(resident(server.process.pid))
    ratios = [b / a for a, b in zip(times["uvicorn"], times["hotswap"], strict=True)]
    return {
        "uvicorn_ms": round(statistics.median(times["uvicorn"])),
        "hotswap_ms": round(statistics.median(times["hotswap"])),
        "ratio": round(statistics.median(ratios), 2),
        "uvicorn_mb": round(memory["uvicorn"][0], 1),
        "hotswap_mb": round(memory["hotswap"][0], 1),
        "added_mb": round(memory["hotswap"][0] - memory["uvicorn"][0], 1),
    }
