"""What the measurements share: a generated app, servers started the way users start them, ratios of one run."""

from __future__ import annotations

import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

PATIENCE = 60.0
"""Seconds that any single wait may take before the benchmark gives up."""


MAIN = """\
from fastapi import FastAPI
from starlette.responses import PlainTextResponse
{imports}

app = FastAPI()


@app.get('/', response_class=PlainTextResponse)
async def index() -> str:
    return part0.answer()


@app.get('/json')
async def json() -> dict[str, int]:
    return {{'a': 1}}
"""


def free_port() -> int:
    """Give a TCP port on the loopback address that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def write_app(folder: Path, modules: int = 5, lines: int = 100) -> Path:
    """Write the package ``app5``: FastAPI, `modules` of about `lines` lines; give the file to edit."""
    package = folder / "app5"
    package.mkdir(parents=True)
    package.joinpath("__init__.py").write_text("")
    names = [f"part{number}" for number in range(modules - 1)]
    for name in names:
        functions = "\n\n".join(
            f"def {name}_{n}(x: int) -> int:\n    y = x + {n}\n    if y > 10:\n        return y * 2\n    return y"
            for n in range(lines // 7)
        )
        package.joinpath(f"{name}.py").write_text(
            f"def answer() -> str:\n    return '0'\n\n\n{functions}\n"
        )
    imports = "\n".join(f"from app5 import {name}" for name in names)
    package.joinpath("main.py").write_text(MAIN.format(imports=imports))
    return package / "part0.py"


@dataclass
class Server:
    """One server process under measurement."""

    process: subprocess.Popen[bytes]
    port: int

    def get(self, path: str = "/", timeout: float = 5.0) -> str:
        """Give the body of one GET over a fresh connection."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def wait_for(self, body: str | None = None) -> float:
        """Ask until the answer is `body` (any, when None); give the ``perf_counter`` moment of it."""
        end = time.perf_counter() + PATIENCE
        pause = threading.Event()
        while time.perf_counter() < end:
            try:
                if self.get(timeout=1.0) == body or body is None:
                    return time.perf_counter()
            except OSError:
                if self.process.poll() is not None:
                    raise RuntimeError("the server ended") from None
            except http.client.HTTPException:
                continue
            pause.wait(0.001)
        raise TimeoutError(f"no answer {body!r} within {PATIENCE} s")


UVICORN = ("uvicorn", "app5.main:app", "--no-access-log")
COMMANDS = {
    "uvicorn": ("-m", *UVICORN),
    "uvicorn --reload": ("-m", *UVICORN, "--reload"),
    "uvicorn-hmr": ("-m", "uvicorn_hmr", "app5.main:app", "--log-level", "warning"),
    "jurigged": ("-m", "jurigged", "-m", *UVICORN),
    "hotswap": ("-m", "hotswap", "app5.main:app", "--no-access-log"),
}


@contextmanager
def serving(kind: str, folder: Path, *more: str) -> Iterator[Server]:
    """Run one of `COMMANDS` in `folder` on a free port until the block ends."""
    port = free_port()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    # nobody's users compile all modules at each start
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, *COMMANDS[kind], "--host", "127.0.0.1", "--port", str(port), *more],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        server = Server(process, port)
        try:
            server.wait_for()
            yield server
        except Exception:
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace")[-4000:])
            raise
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def summary(milliseconds: Sequence[float]) -> dict[str, float]:
    """Give n, p50, p95 and max of some times in milliseconds."""
    ordered = sorted(milliseconds)
    return {
        "n": len(ordered),
        "p50": round(statistics.median(ordered), 1),
        "p95": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 1),
        "max": round(ordered[-1], 1),
    }
