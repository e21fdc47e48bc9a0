"""The folder for sockets and locks of this user's sessions; nobody else may read or write in it."""

from __future__ import annotations

import os
import stat
import tempfile


def place() -> str:
    """Give the folder's path, be it there or not."""
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    return os.path.join(base, f"hotswap-{os.getuid()}")


def directory() -> str:
    """Give the folder's path; it is there, and ours alone.

    Raises:
        PermissionError: Somebody else made it, or others may enter.
        OSError: It cannot be made.
    """
    path = place()
    os.makedirs(path, 0o700, exist_ok=True)
    found = os.lstat(path)
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise PermissionError(f"{path} is open to others; remove it and start again")
    return path
