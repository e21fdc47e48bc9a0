"""Whether an address can be bound, and who holds it when not."""

from __future__ import annotations

import errno
import os
import socket
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uvicorn.config import Config


class BindError(Exception):
    """The address cannot be bound; the message names it and, where that can be found, its holder."""

    @classmethod
    def of(cls, config: Config, error: OSError) -> BindError:
        """Describe the error that uvicorn's own attempt ended with."""
        where = config.uds or f"{config.host}:{config.port}"
        return cls(explain(where, error, None if config.uds else config.port))


def check(host: str, port: int) -> None:
    """Try to bind, and let go.

    Raises:
        BindError: It failed. Names that do not resolve are left to the server, which says so itself.
    """
    try:
        found = socket.getaddrinfo(host or None, port, 0, socket.SOCK_STREAM, 0, socket.AI_PASSIVE)
    except OSError as error:
        raise BindError(f"cannot bind {host}:{port}: {error.strerror}") from None
    for family, kind, protocol, _, address in dict.fromkeys(found):
        try:
            trial = socket.socket(family, kind, protocol)
        except OSError:  # no IPv6 here: asyncio passes over it, too
            continue
        with trial:
            if os.name == "posix":
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                trial.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                trial.bind(address)
                trial.listen(1)  # a second listener is refused only here when both set SO_REUSEADDR
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL and len(found) > 1:
                    continue
                raise BindError(explain(f"{host}:{port}", error, port)) from None


def check_path(path: str) -> None:
    """See whether a Unix socket can be made at `path`: asyncio would take the place of one that is served.

    Raises:
        BindError: Its directory is not there or not ours to write, something else is there, or somebody serves it.
    """
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise BindError(f"cannot bind {path}: there is no directory {folder}")
    if not os.access(folder, os.W_OK):
        raise BindError(f"cannot bind {path}: {folder} is not writable")
    try:
        kind = os.stat(path).st_mode
    except OSError:
        return
    if not stat.S_ISSOCK(kind):
        raise BindError(f"cannot bind {path}: it is a file that is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        trial.settimeout(1.0)
        try:
            trial.connect(path)
        except OSError:  # left behind by a process that is gone
            return
    raise BindError(f"cannot bind {path}: a process listens there. Stop it, or use another path")


def check_descriptor(number: int) -> None:
    """See whether a socket was inherited at descriptor `number`.

    Raises:
        BindError: Nothing stands there, or no socket.
    """
    try:
        kind = os.fstat(number).st_mode
    except OSError:
        raise BindError(
            f"nothing was inherited at descriptor {number}; what starts hotswap must pass the socket"
        ) from None
    if not stat.S_ISSOCK(kind):
        raise BindError(f"descriptor {number} is no socket")


def explain(where: str, error: OSError, port: int | None) -> str:
    """Say in a line what stands in the way of binding, and who."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    text = f"cannot bind {where}: {reason[:1].lower()}{reason[1:]}"
    if error.errno == errno.EADDRINUSE and port is not None:
        who = holder(port)
        text += f"; {who} holds it" if who else ""
        text += f". Stop it, or use another port: --port {port + 1}"
    elif error.errno == errno.EACCES and port is not None and port < 1024:
        text += ". Ports below 1024 need privileges; use --port 8000"
    return text


def holder(port: int) -> str:
    """Name the process that listens on `port`, from /proc; ``""`` where that cannot be seen."""
    inodes = _listening_inodes(port)
    if not inodes:
        return ""
    wanted = {f"socket:[{inode}]" for inode in inodes}
    try:
        processes = [entry for entry in os.listdir("/proc") if entry.isdigit()]
    except OSError:
        return ""
    for process in processes:
        folder = f"/proc/{process}/fd"
        try:
            descriptors = os.listdir(folder)
        except OSError:  # another user's, or gone
            continue
        for descriptor in descriptors:
            try:
                if os.readlink(f"{folder}/{descriptor}") in wanted:
                    return f"{_command(process)} (pid {process})"
            except OSError:
                continue
    return "a process of another user"


def _listening_inodes(port: int) -> set[str]:
    """Read the inodes of listening TCP sockets on `port`: proc(5), /proc/net/tcp, state 0A."""
    found: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table) as file:
                rows = file.read().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(fields[9])
    return found


def _command(process: str) -> str:
    try:
        with open(f"/proc/{process}/cmdline", "rb") as file:
            words = [word.decode(errors="replace") for word in file.read().split(b"\0") if word]
    except OSError:
        return "a process"
    shown = " ".join([os.path.basename(words[0]), *words[1:]]) if words else "a process"
    shown = " ".join(shown.split())  # ``python -c`` has whole programs as a word
    return shown if len(shown) <= 60 else shown[:57] + "..."
