"""A warm interpreter that forks one child a trial: isolated, and without the price of importing FastAPI each time."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from tempfile import TemporaryDirectory, TemporaryFile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

STANDARD = (
    "asyncio",
    "contextlib",
    "dataclasses",
    "enum",
    "functools",
    "importlib.metadata",
    "json",
)
WITH = {
    "fastapi": ("starlette.testclient",),
    "click": ("click.testing",),
    "typer": ("typer.testing",),
}
SECONDS = 60.0 * float(os.environ.get("HOTSWAP_TEST_TIME_FACTOR", "1"))


class Warm:
    """The parent's end: ask for a trial, get what the child saw.

    One for each set of packages, so that the heap which each swap walks holds no more than the case needs.
    """

    def __init__(self, uses: Sequence[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.corpus.warm", *uses],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            text=True,
        )

    def trial(self, folder: Path, kind: str, *args: str) -> dict[str, Any]:
        """Give ``{"seen": [...]}``, or ``{"error": text}`` when the child itself failed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps([str(folder), kind, *args]) + "\n")
            self.process.stdin.flush()
            answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        except (OSError, ValueError):
            return {"error": f"the warm interpreter is gone: exit code {self.process.wait(10)}"}
        return answer

    def close(self) -> None:
        """End the interpreter."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def _child(pipe: int, folder: str, kind: str, args: list[str]) -> None:
    from tests.corpus import cases, trial

    answer: dict[str, Any]
    try:
        answer = {"seen": trial.TRIALS[kind](cases.load(Path(folder)), *args)}
    except BaseException:
        import traceback

        answer = {"error": traceback.format_exc()}
    try:
        with os.fdopen(pipe, "w") as stream:
            json.dump(answer, stream, default=str)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(0)


def _one(folder: str, kind: str, args: list[str]) -> dict[str, Any]:
    reader, writer = os.pipe()
    with TemporaryFile() as printed, TemporaryDirectory(prefix="corpus-") as place:
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            os.setpgid(0, 0)
            os.dup2(printed.fileno(), 1)
            os.dup2(printed.fileno(), 2)
            tempfile.tempdir = place
            _child(writer, folder, kind, args)
        os.close(writer)
        text = bytearray()
        deadline = time.monotonic() + SECONDS
        while select.select([reader], [], [], max(0.0, deadline - time.monotonic()))[0]:
            block = os.read(reader, 1 << 16)
            if not block:
                break
            text += block
        else:
            os.kill(pid, 9)
        os.close(reader)
        _, status = os.waitpid(pid, 0)
        printed.seek(0)
        output = printed.read().decode("utf-8", "replace")[-3000:]
    if not text:
        how = f"died with status {status}" if not os.WIFSIGNALED(status) else f"signal {status}"
        return {"error": f"the child of {kind} {how}; it printed:\n{output}"}
    try:
        answer: dict[str, Any] = json.loads(text)
    except ValueError:
        return {"error": f"the child of {kind} was cut off after {SECONDS} s:\n{output}"}
    return {**answer, "output": output}


def _warm_up() -> None:
    """Load what the engine loads lazily; else each child would."""
    from tests.corpus import trial

    import_module(trial.ENGINE)
    if trial.ENGINE == "hotswap.swapper":
        from hotswap import live, source
        from hotswap.live import adapters, loops, patch

        for package in (source, live, loops):
            for found in iter_modules(package.__path__, f"{package.__name__}."):
                import_module(found.name)
        patch.warm()
        adapters.active()
        loops.supported()


def main(uses: Sequence[str]) -> None:
    """Serve trials until standard input ends."""
    for name in STANDARD:
        import_module(name)
    for name in uses:
        for needed in (name, *WITH.get(name, ())):
            import_module(needed)
    _warm_up()
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    gc.collect()
    for line in sys.stdin:
        folder, kind, *args = json.loads(line)
        out.write(json.dumps(_one(folder, kind, args)) + "\n")
        out.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
