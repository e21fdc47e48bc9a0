"""Descriptors that cross execve: those that are named, and those that the program was started with. No others.

What Python opens is closed by execve (PEP 446); what a C library opens need not be. watchdog's inotify instance is such
a one: one more with each exec reload, until the user may have no more of them (inotify(7), max_user_instances).
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
    """Give the descriptors that would cross execve, and that nobody has passed: libraries have left them open."""
    return [fd for fd in _inheritable() if fd > 2 and fd not in _given]


def _inheritable() -> list[int]:
    found = []
    for number in numbers():
        try:
            if os.get_inheritable(number):
                found.append(number)
        except OSError:  # it was that of the listing
            continue
    return found
