"""Whether live loops can be used here: known by the build, and proved once per build in a child process.

A wrong layout would crash; so the first proof is given where a crash hurts nobody. The verdict is cached in the user's
cache directory, by interpreter build and by the code that writes frames.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import sysconfig
import tempfile
import threading
from typing import Any, Final

from hotswap import undebugged
from hotswap.live.loops import layouts

SECONDS: Final = 20.0
"""After which the child counts as failed."""

_lock = threading.Lock()
_verdict: str | None = None


def supported() -> str:
    """Say why live loops cannot be used on this interpreter; "" when they can.

    The first call of an interpreter build starts a child (about 0.2 s); later ones read its verdict from the cache.
    """
    global _verdict
    if _verdict is None:
        with _lock:
            if _verdict is None:
                _verdict = layouts.unknown() or _proved()
    return _verdict


def warm() -> None:
    """Find the verdict out in the background, so that the first swap need not wait for it."""
    if _verdict is None:
        threading.Thread(target=supported, name="hotswap-selftest", daemon=True).start()


def _proved() -> str:
    path = _cache_file()
    known = _read(path)
    if known is not None:
        return known
    verdict, lasting = _run()
    if lasting:
        _write(path, verdict)
    return verdict


def _build() -> str:
    """Give what the proof depends on: the interpreter's build, and the files that read and write frames."""
    parts: list[object] = [sys.version, sys.executable]
    library = os.path.join(
        str(sysconfig.get_config_var("LIBDIR") or ""),
        str(sysconfig.get_config_var("INSTSONAME") or ""),
    )
    here = os.path.dirname(os.path.abspath(__file__))
    for path in (sys.executable, library):
        try:
            found = os.stat(path)
            parts += [path, found.st_mtime_ns, found.st_size]
        except OSError:
            parts.append(path)
    for name in sorted(n for n in os.listdir(here) if n.endswith(".py")):
        with open(os.path.join(here, name), "rb") as file:
            parts.append(hashlib.blake2b(file.read()).hexdigest())
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def _cache_file() -> str:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(home, "hotswap", f"live-loops-{_build()}.json")


def _read(path: str) -> str | None:
    """Read a cached verdict; None when there is none, or when somebody else could have written it."""
    try:
        with open(path, "rb") as file:
            found = os.fstat(file.fileno())
            if hasattr(os, "getuid") and found.st_uid != os.getuid():
                return None
            if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                return None
            content: Any = json.load(file)
    except (OSError, ValueError):
        return None
    reason = content.get("reason") if isinstance(content, dict) else None
    return reason if isinstance(reason, str) else None


def _write(path: str, verdict: str) -> None:
    """Cache a verdict; where that is not possible, the next start finds it out again."""
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path))  # 0600
        with os.fdopen(descriptor, "w") as file:
            json.dump({"reason": verdict}, file)
        os.replace(temporary, path)
    except OSError:
        return


def _run() -> tuple[str, bool]:
    """Transplant sample frames in a child process; give "" or the reason, and whether it holds for ever."""
    root = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 3))
    program = (
        f"import sys; sys.path.insert(0, {root!r}); "
        "from hotswap.live.loops import samples; sys.stdout.write(samples.prove())"
    )
    command = undebugged.command([sys.executable, "-I", "-X", "dev", "-W", "ignore", "-c", program])
    try:
        child = subprocess.run(  # noqa: S603  our own interpreter, our own text
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        what = f"took more than {SECONDS:.0f} s"
        why = what if isinstance(error, subprocess.TimeoutExpired) else str(error)
        return f"the self-test could not run: {why}", False
    said = child.stdout.decode(errors="replace").strip()
    if child.returncode != 0:
        # by somebody, not by a crash
        ended = -child.returncode in (signal.SIGINT, signal.SIGTERM, 9)
        return f"the self-test ended with {child.returncode}: {said[-200:]}", not ended
    return "" if said == "proved" else f"the self-test failed: {said[-200:]}", True
