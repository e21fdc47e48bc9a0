"""systemd: sockets it passes on start, what it wants to be told, and its store of descriptors.

sd_listen_fds(3), sd_notify(3). The fd store gives back what was deposited at the next start, after a crash too.
"""

from __future__ import annotations

import os
import socket
import time
from typing import TYPE_CHECKING, NamedTuple

from hotswap.wire.records import ListenerRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

FIRST = 3
"""SD_LISTEN_FDS_START."""


class Given(NamedTuple):
    """What systemd has passed."""

    listeners: tuple[ListenerRecord, ...]
    others: dict[str, int]
    """Descriptors by their name: connections and memfds of the store."""


def given() -> Given:
    """Take the descriptors that were passed to this process; the variables are unset, none is inherited further."""
    count = os.environ.pop("LISTEN_FDS", "0")
    pid = os.environ.pop("LISTEN_PID", "")
    names = os.environ.pop("LISTEN_FDNAMES", "").split(":")
    if pid != str(os.getpid()) or not count.isdecimal():
        return Given((), {})
    listeners, others = [], {}
    for number in range(int(count)):
        fd = FIRST + number
        os.set_inheritable(fd, False)
        key = _key(fd)
        if key:
            listeners.append(ListenerRecord(fd, key))
        else:
            name = names[number] if number < len(names) else "unknown"
            others[name if name not in others else f"{name}#{number}"] = fd
    return Given(tuple(listeners), others)


def _key(fd: int) -> str:
    """Name a listening socket as `hotswap.wire.listeners` does; an empty string when it is something else."""
    try:
        with socket.socket(fileno=os.dup(fd)) as plug:
            if not plug.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                return ""
            name = plug.getsockname()
    except OSError:
        return ""
    return f"tcp:{name[0]}:{name[1]}" if isinstance(name, tuple) else f"unix:{os.fsdecode(name)}"


def notify(*lines: str, fds: Sequence[int] = ()) -> bool:
    """Tell systemd; give False when it does not listen. Raises OSError when it cannot be told."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    where = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as plug:
        plug.connect(where)
        message = "\n".join(lines).encode()
        if fds:
            socket.send_fds(plug, [message], list(fds))
        else:
            plug.send(message)
    return True


def ready(status: str = "") -> bool:
    """Say that the program serves."""
    return notify("READY=1", *([f"STATUS={status}"] if status else ()), f"MAINPID={os.getpid()}")


def reloading(status: str = "") -> bool:
    """Say that a reload begins (``Type=notify-reload``); `ready` ends it."""
    now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    return notify("RELOADING=1", f"MONOTONIC_USEC={now}", *([f"STATUS={status}"] if status else ()))


def stopping() -> bool:
    """Say that the program ends."""
    return notify("STOPPING=1")


def deposit(name: str, fd: int) -> bool:
    """Put a copy of `fd` into the store; the same file is stored once."""
    return notify("FDSTORE=1", f"FDNAME={name}", fds=[fd])


def withdraw(name: str) -> bool:
    """Take a descriptor out of the store; its peer notices nothing."""
    return notify("FDSTOREREMOVE=1", f"FDNAME={name}")
