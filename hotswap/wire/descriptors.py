"""The descriptors of this process, as the system lists them. Standard library only: read before the app is imported."""

from __future__ import annotations

import os

FOLDERS = ("/proc/self/fd", "/dev/fd")
"""Linux; macOS and the BSDs."""


def numbers() -> list[int]:
    """Give all descriptors; among them that of the listing itself, which is closed again."""
    folder = next((each for each in FOLDERS if os.path.isdir(each)), None)
    return [int(name) for name in os.listdir(folder)] if folder is not None else []
