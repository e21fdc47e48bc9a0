"""Child processes across execve: they are still ours, and no watcher knows them any more."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def running() -> tuple[int, ...]:
    """Give the children of this process, where the system tells."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir("/proc/self/task"):
            with open(f"/proc/self/task/{thread}/children", "rb") as file:
                found += [int(pid) for pid in file.read().split()]
    return tuple(found)


def reap(children: Iterable[int]) -> None:
    """Collect each child's exit status when it ends, so that none stays a zombie. Needs a running loop."""
    loop = asyncio.get_running_loop()
    for pid in children:
        if not hasattr(os, "pidfd_open"):
            _poll(loop, pid)
            continue
        with contextlib.suppress(OSError):  # it has ended and was reaped
            _watch(loop, pid, os.pidfd_open(pid))


def _watch(loop: asyncio.AbstractEventLoop, pid: int, descriptor: int) -> None:
    def ended() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)

    loop.add_reader(descriptor, ended)


def _poll(loop: asyncio.AbstractEventLoop, pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        if os.waitpid(pid, os.WNOHANG) == (0, 0):
            loop.call_later(5.0, _poll, loop, pid)
