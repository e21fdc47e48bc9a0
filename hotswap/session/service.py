"""What a service manager is told, and gives: systemd's sockets, its readiness protocol, its store of descriptors.

Nothing is imported for it where there is none. Listening sockets are deposited in the store
(``FileDescriptorStoreMax=``), so that clients queue rather than being refused while the service starts again after a
crash; connections are not.
"""

from __future__ import annotations

import logging
import os
import socket
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

log = logging.getLogger("hotswap")


def given() -> tuple[socket.socket, ...]:
    """Take the listening sockets that this process was started with (``LISTEN_FDS``), stored ones among them."""
    if "LISTEN_FDS" not in os.environ:
        return ()
    from hotswap.handover import systemd

    return tuple(socket.socket(fileno=one.fd) for one in systemd.given().listeners)


class Service:
    """The notices of one process image; without ``NOTIFY_SOCKET`` they go nowhere."""

    def __init__(self) -> None:
        self._wanted = "NOTIFY_SOCKET" in os.environ

    def ready(self, status: str = "") -> None:
        """The program serves; or goes on after a reload that was refused."""
        if self._wanted:
            from hotswap.handover import systemd

            _tell(lambda: systemd.ready(status))

    def reloading(self) -> None:
        """A reload begins; `ready` ends it."""
        if self._wanted:
            from hotswap.handover import systemd

            _tell(systemd.reloading)

    def stopping(self) -> None:
        """The program ends."""
        if self._wanted:
            from hotswap.handover import systemd

            _tell(systemd.stopping)

    def deposit(self, listeners: Iterable[tuple[str, socket.socket]]) -> None:
        """Store listening sockets; the same one is stored once (sd_pid_notify_with_fds(3))."""
        if self._wanted:
            from hotswap.handover import systemd

            for key, listening in listeners:
                name, number = _name(key), listening.fileno()
                _tell(partial(systemd.deposit, name, number))

    def withdraw(self, keys: Iterable[str]) -> None:
        """Take listening sockets out of the store that the program has left: clients would queue there for ever."""
        if self._wanted:
            from hotswap.handover import systemd

            for name in map(_name, keys):
                _tell(partial(systemd.withdraw, name))


def _name(key: str) -> str:
    """Give the name under which a listener is stored (sd_notify(3): FDNAME)."""
    return "".join(each if each.isalnum() or each in "-._" else "-" for each in key)[:200]


def _tell(notice: Callable[[], bool]) -> None:
    try:
        notice()
    except OSError as error:
        log.warning("the service manager cannot be told: %s", error)
