"""Which files are ours: those below the roots that are neither installed, nor the standard library's, nor hotswap's."""

from __future__ import annotations

import os
from typing import Final

EXCLUDED: Final = frozenset(
    {
        "site-packages",
        "dist-packages",
        "__pypackages__",
        ".venv",
        ".tox",
        ".nox",
        "node_modules",
        ".git",
    }
)
STANDARD: Final = os.path.dirname(os.path.realpath(os.__file__))
"""The standard library: asked for each module, and each answer takes five calls of the system."""
OWN: Final = os.path.realpath(os.path.dirname(os.path.dirname(__file__)))
"""This package: it never swaps itself."""


class Roots:
    """The directories, or single files, whose modules are tracked."""

    def __init__(self) -> None:
        self.directories: list[str] = []
        self._verdicts: dict[str, str] = {}
        self._within: dict[str, str] = {}
        """Directory -> why files in it are not ours."""
        self._folders: dict[str, tuple[int, int, str]] = {}
        """Directory -> device, inode and real path."""
        self._environments: dict[str, bool] = {}
        """Directory -> whether it is a virtual environment."""

    def add(self, root: str | os.PathLike[str]) -> None:
        """Take one more directory."""
        real = os.path.realpath(os.fspath(root))
        if real not in self.directories:
            self.directories.append(real)
            self._verdicts.clear()
            self._within.clear()
            self._environments.clear()

    def why_excluded(self, path: str, real: str = "") -> str:
        """Say why a file is not ours; empty when it is. `real` is its real path, if that is known."""
        known = self._verdicts.get(path)
        if known is None:
            real = real or self.real(path)
            if real in self.directories:
                known = self._why_excluded(real)  # a single file
            else:
                folder = os.path.dirname(real)
                known = self._within.get(folder)
                if known is None:
                    known = self._within[folder] = self._why_excluded(real)
            self._verdicts[path] = known
        return known

    def real(self, path: str) -> str:
        """Give `os.path.realpath` of a file in two calls of the system, where that asks about each directory above."""
        folder, name = os.path.split(path)
        if not os.path.isabs(path) or name in ("", ".", ".."):
            return os.path.realpath(path)
        try:
            status = os.stat(folder)
            known = self._folders.get(folder)
            if known is None or known[:2] != (status.st_dev, status.st_ino):
                known = (status.st_dev, status.st_ino, os.path.realpath(folder))
                self._folders[folder] = known
            found = os.path.join(known[2], name)
            return os.path.realpath(found) if os.path.islink(found) else found
        except OSError:
            return os.path.realpath(path)

    def _why_excluded(self, real: str) -> str:
        if real == OWN or real.startswith(OWN + os.sep):
            return "it belongs to hotswap itself"
        below = [
            r for r in self.directories if real == r or real.startswith(r.rstrip(os.sep) + os.sep)
        ]
        if not below:
            where = ", ".join(self.directories) or "no directory"
            return f"it lies below none of the watched directories ({where})"
        root = max(below, key=len)
        if real == root:
            return ""
        relative = real[len(root.rstrip(os.sep)) + 1 :]
        parts = relative.split(os.sep)
        for part in parts[:-1]:
            if part in EXCLUDED:
                return f"it is inside {part}"
        folder = root
        for part in parts[:-1]:
            folder = os.path.join(folder, part)
            if folder not in self._environments:
                self._environments[folder] = os.path.exists(os.path.join(folder, "pyvenv.cfg"))
            if self._environments[folder]:
                return f"it is inside the virtual environment {part}"
        if real.startswith(STANDARD + os.sep) and not root.startswith(STANDARD + os.sep):
            return "it belongs to the standard library"
        return ""


def is_installed(path: str) -> bool:
    """Say whether a data file belongs to an installed package, or to the system."""
    parts = path.split(os.sep)
    return bool(EXCLUDED.intersection(parts)) or path.startswith(("/proc/", "/sys/", "/dev/"))
