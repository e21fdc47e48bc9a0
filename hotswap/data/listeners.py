"""The functions an app registered for its data files: ``@hotswap.on_file("rules/*.json")``."""

from __future__ import annotations

import asyncio
import fnmatch
import inspect
import os
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from hotswap import hooks
from hotswap.tracebacks import fault_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hotswap.source.model import Fault


@lru_cache(maxsize=256)
def _compiled(glob: str) -> re.Pattern[str]:
    """Translate a glob; ``**/`` crosses directories, ``*`` and ``?`` do not."""
    pieces = []
    for part in re.split(r"(\*\*/?|\*|\?|\[[^\]]*\])", glob):
        if part.startswith("**"):
            pieces.append("(?:.*/)?" if part.endswith("/") else ".*")
        elif part == "*":
            pieces.append("[^/]*")
        elif part == "?":
            pieces.append("[^/]")
        elif part.startswith("["):
            pieces.append(fnmatch.translate(part)[4:-3])
        else:
            pieces.append(re.escape(part))
    return re.compile("".join(pieces) + r"\Z")


def matches(path: str, glob: str, root: str) -> bool:
    """Say whether `path` matches a glob relative to `root`, or an absolute one."""
    shown = path if os.path.isabs(glob) else os.path.relpath(path, root)
    return _compiled(glob.removeprefix("./")).match(shown.replace(os.sep, "/")) is not None


def of(path: str, root: str) -> list[Callable[..., Any]]:
    """Give the functions that want to know of `path`, in the order of registration."""
    return [
        function
        for entries in list(hooks.runtime.file_listeners.values())
        for globs, function in entries
        if any(matches(path, glob, root) for glob in globs)
    ]


def call(paths: Sequence[str], root: str, failed: Callable[[Fault], object]) -> Fault | None:
    """Call the listeners of each path. Stops at the first that raises, and gives the fault.

    Args:
        paths: Files that were saved or deleted.
        root: Where relative globs start.
        failed: Gets the fault of an async listener, which runs as a task of its own.
    """
    for path in paths:
        for function in of(path, root):
            try:
                given = function(path)
                if inspect.isawaitable(given):
                    _run(given, path, failed)
            except Exception as error:  # noqa: BLE001 -- user code: any failure is a fault of this save
                return _fault(error, path)
    return None


def _run(given: Any, path: str, failed: Callable[[Fault], object]) -> None:
    async def whole() -> None:
        try:
            await given
        except Exception as error:  # noqa: BLE001 -- as above
            failed(_fault(error, path))

    try:
        task = asyncio.get_running_loop().create_task(whole(), name=f"hotswap: on_file {path}")
    except RuntimeError:
        asyncio.run(whole())
        return
    _running.add(task)
    task.add_done_callback(_running.discard)


_running: set[asyncio.Task[None]] = set()


def _fault(error: BaseException, path: str) -> Fault:
    title = f"a hook for {os.path.basename(path)} raised"
    return fault_of(error, code="HS203", title=title)
