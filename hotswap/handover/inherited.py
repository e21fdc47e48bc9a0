"""Descriptors that cross execve: those that are named, that the program was started with or has made inheritable.

What Python opens is closed by execve (PEP 446), unless the program has said otherwise, of the pipe to a child say. What
a C library opens need not be. watchdog's inotify instance is such a one: one more with each exec reload, until the user
may have no more of them (inotify(7), max_user_instances). Nobody could use it in the next image: it has no other end.
"""

from __future__ import annotations

import os

from hotswap.wire.descriptors import numbers

_given: frozenset[int] = frozenset()


def remember() -> None:
    """Note the descriptors that whoever started the program has passed. To be called before anything is opened."""
    global _given
    _given = frozenset(_inheritable())


def strangers() -> list[int]:
    """Give the anonymous ones that would cross execve, and that nobody has passed: libraries have left them open."""
    return [fd for fd in _inheritable() if fd > 2 and fd not in _given and _is_anonymous(fd)]


def _is_anonymous(number: int) -> bool:
    """Say whether it is an inotify instance, an epoll, an eventfd or the like; Linux tells."""
    try:
        return os.readlink(f"/proc/self/fd/{number}").startswith("anon_inode:")
    except OSError:
        return False


def _inheritable() -> list[int]:
    found = []
    for number in numbers():
        try:
            if os.get_inheritable(number):
                found.append(number)
        except OSError:  # it was that of the listing
            continue
    return found
