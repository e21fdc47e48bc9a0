"""Import the new code in a throw-away child while the old code serves: broken code never gets as far as execve.

The child also leaves warm ``.pyc`` files behind and says how long the import took, which is the expected blackout.
It binds no sockets, sees ``HOTSWAP_PREFLIGHT=1``, reads nothing from the terminal and has 20 seconds, or
three times what the program took to start itself.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Any

from hotswap import undebugged
from hotswap.source.model import Fault, Frame

if TYPE_CHECKING:
    from collections.abc import Sequence

VARIABLE = "HOTSWAP_PREFLIGHT"
LIMIT = 20.0
"""Seconds until the child is ended."""
LONGEST = 300.0
"""Seconds at most for a program that takes long to start itself."""
LAST = 2000
"""Bytes of what a child said at the end."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """What the child is to import."""

    target: str
    """``module:attribute``, ``module``, or with `script` the path of a file."""
    factory: bool = False
    paths: Sequence[str] = ()
    """``sys.path`` as the app sees it; empty: as it is here."""
    script: bool = False
    """The target runs as ``__main__``: it is compiled, and not run."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the child found."""

    ok: bool
    import_ms: float = 0.0
    fault: Fault | None = None


async def check(preflight: Preflight, *, limit: float = LIMIT) -> Verdict:
    """Import `preflight` in a child; the loop goes on serving meanwhile.

    Raises:
        OSError: There is no child: out of descriptors, or of processes.
    """
    import tempfile

    # not a pipe: nobody would read what a noisy import says
    with tempfile.TemporaryFile() as words:
        read_end, write_end = os.pipe()
        try:
            child = _start(preflight, write_end, words.fileno())
        except BaseException:
            os.close(read_end)
            raise
        finally:
            os.close(write_end)
        told = await _listen(read_end, child, limit)
        if told is None:
            return Verdict(ok=False, fault=_too_slow(preflight, limit))
        return _verdict(told, child.returncode, preflight, _last(words))


async def _listen(read_end: int, child: subprocess.Popen[bytes], limit: float) -> bytes | None:
    """Give what the child tells, once it has ended; None when it had not after `limit` seconds, and was ended."""
    loop = asyncio.get_running_loop()
    os.set_blocking(read_end, False)
    told = bytearray()
    done = loop.create_future()

    def read() -> None:
        try:
            data = os.read(read_end, 65536)
        except BlockingIOError:
            return
        told.extend(data)
        if not data and not done.done():
            done.set_result(None)

    loop.add_reader(read_end, read)
    began = time.monotonic()
    try:
        await asyncio.wait_for(done, limit)
        while child.poll() is None and time.monotonic() - began < limit:  # noqa: ASYNC110
            await asyncio.sleep(0.002)  # the pipe closes a moment before the process ends
    except TimeoutError:
        return None
    finally:
        loop.remove_reader(read_end)
        os.close(read_end)
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    return bytes(told)


def _start(preflight: Preflight, write_end: int, errors: int) -> subprocess.Popen[bytes]:
    flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    order = json.dumps({**asdict(preflight), "paths": list(preflight.paths or sys.path)})
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        undebugged.command([sys.executable, *flags, "-c", _CHILD, str(write_end), order]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        pass_fds=(write_end,),
        env={**os.environ, VARIABLE: "1"},
        start_new_session=True,
    )


_CHILD = (
    "import sys, json; order = json.loads(sys.argv[2]); sys.path[:] = order['paths']\n"
    "from hotswap.handover.preflight import child; child(int(sys.argv[1]), order)"
)


def _last(words: IO[bytes]) -> str:
    """Give what a child that died had to say at the end."""
    words.seek(max(0, words.seek(0, os.SEEK_END) - LAST))
    return words.read().decode("utf-8", "replace")


def _too_slow(preflight: Preflight, limit: float) -> Fault:
    return Fault(
        code="HS402",
        title="preflight took too long",
        message=f"importing {preflight.target} had not ended after {limit:g} s; the old code serves on",
        hint="code that must not run on import belongs below `if __name__ == '__main__':`",
    )


def _verdict(told: bytes, code: int, preflight: Preflight, words: str) -> Verdict:
    try:
        answer = json.loads(told)
    except ValueError:
        return Verdict(
            ok=False,
            fault=Fault(
                code="HS401",
                title="the new code does not import",
                message=f"importing {preflight.target} ended the process with exit code {code}"
                + (f": {words.strip().splitlines()[-1]}" if words.strip() else ""),
            ),
        )
    if answer["ok"]:
        return Verdict(ok=True, import_ms=answer["ms"])
    fault = answer["fault"]
    fault["frames"] = tuple(Frame(**frame) for frame in fault["frames"])
    return Verdict(ok=False, import_ms=answer["ms"], fault=Fault(**fault))


# In the child.


def child(write_end: int, order: dict[str, Any]) -> None:
    """Import what `order` says and tell the outcome; bind nothing, and leave without ceremony."""
    import socket

    sys.argv = [order["target"]]
    for name in ("bind", "listen"):
        setattr(socket.socket, name, _not_here)
    began = time.perf_counter()
    try:
        _import(order)
    except BaseException as error:  # noqa: BLE001 - SystemExit and KeyboardInterrupt are failures as well
        answer = {"ok": False, "fault": asdict(fault_of(error))}
    else:
        answer = {"ok": True}
    answer["ms"] = (time.perf_counter() - began) * 1000
    os.write(write_end, json.dumps(answer).encode())
    os.close(write_end)
    os._exit(0)


def _not_here(*_: object) -> None:
    """Do nothing: the address belongs to the server that runs."""


def _import(order: dict[str, Any]) -> None:
    target = order["target"]
    if order["script"]:
        with open(target, "rb") as file:
            compile(file.read(), target, "exec", dont_inherit=True)
        return
    from importlib import import_module

    module, _, attribute = target.partition(":")
    found: Any = import_module(module)
    for part in attribute.split(".") if attribute else ():
        found = getattr(found, part)
    if order["factory"]:
        found()


def fault_of(error: BaseException) -> Fault:
    """Describe what kept the new code from starting, with the user's own frames."""
    import traceback

    frames = tuple(
        Frame(path=each.filename, line=each.lineno or 0, function=each.name, text=each.line or "")
        for each in traceback.extract_tb(error.__traceback__)
        if not each.filename.startswith("<") and not _foreign(each.filename)
    )
    last = frames[-1] if frames else Frame("", 0, "")
    path, line, column, text = last.path, last.line, 0, last.text
    if isinstance(error, SyntaxError):
        path, line, column = error.filename or path, error.lineno or line, error.offset or 0
        text = (error.text or "").rstrip()  # its column counts the indentation
    what = type(error).__name__
    return Fault(
        code="HS101" if isinstance(error, SyntaxError) else "HS401",
        title="syntax error" if isinstance(error, SyntaxError) else "the new code does not import",
        message=(error.msg if isinstance(error, SyntaxError) else f"{what}: {error}"),
        path=path,
        line=line,
        column=column,
        text=text,
        frames=frames,
    )


def _foreign(path: str) -> bool:
    """Say whether a file is not the user's: ours, the standard library's, or installed."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    library = os.path.dirname(os.__file__)
    inside = os.path.abspath(path)
    return inside.startswith((here + os.sep, library + os.sep)) or "site-packages" in inside
