"""Shut the doors for a moment: listening sockets are taken out of the loop's poller, and put back.

A connection that was accepted, and whose protocol is not made yet, is known to nobody: it would be reset by execve.
So nothing is accepted any more while records are written. Neither asyncio nor uvloop can pause a listener, and closing
the server would end the program's ``serve_forever``; but both wait in one epoll (or kqueue), whose number they tell.
"""

from __future__ import annotations

import contextlib
import select
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable

TURNS = 5
"""Turns of the loop after which an accepted connection has its protocol: asyncio takes three, uvloop two."""


def poller(loop: asyncio.AbstractEventLoop) -> int | None:
    """Give the descriptor the loop waits in; None where it does not tell."""
    selector = getattr(loop, "_selector", None)
    if selector is not None:
        return int(selector.fileno()) if hasattr(selector, "fileno") else None
    backend = getattr(loop, "_get_backend_id", None)  # uvloop
    return int(backend()) if backend is not None else None


def shut(loop: asyncio.AbstractEventLoop, listening: Iterable[int]) -> None:
    """Let the loop accept no more; clients queue in the kernel."""
    _change(loop, listening, add=False)


def unshut(loop: asyncio.AbstractEventLoop, listening: Iterable[int]) -> None:
    """Let the loop accept again."""
    _change(loop, listening, add=True)


def _change(loop: asyncio.AbstractEventLoop, listening: Iterable[int], *, add: bool) -> None:
    number = poller(loop)
    if number is None:
        return
    if hasattr(select, "epoll"):
        _change_epoll(number, listening, add=add)
    elif hasattr(select, "kqueue"):
        _change_kqueue(number, listening, add=add)


def _change_epoll(number: int, listening: Iterable[int], *, add: bool) -> None:
    import os

    with contextlib.closing(select.epoll.fromfd(os.dup(number))) as epoll:
        for fd in listening:
            with contextlib.suppress(OSError):  # closed meanwhile, or not there yet
                if add:
                    epoll.register(fd, select.EPOLLIN)
                else:
                    epoll.unregister(fd)


def _change_kqueue(number: int, listening: Iterable[int], *, add: bool) -> None:
    import os

    system: Any = select
    flag = system.KQ_EV_ADD if add else system.KQ_EV_DELETE
    with contextlib.closing(system.kqueue.fromfd(os.dup(number))) as queue:
        for fd in listening:
            with contextlib.suppress(OSError):
                queue.control([system.kevent(fd, system.KQ_FILTER_READ, flag)], 0)
