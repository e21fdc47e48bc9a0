"""Which paths lie on file systems that do not tell us about changes made elsewhere."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SILENT = frozenset(
    {
        "9p",
        "afs",
        "ceph",
        "cifs",
        "coda",
        "drvfs",
        "glusterfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "orangefs",
        "prl_fs",
    }
    | {"smb", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs"}
)
"""Types whose files are changed by another machine (or the host of this one): inotify sees none of it."""

LOCAL_FUSE = frozenset(
    f"fuse.{name}"
    for name in (
        "bindfs",
        "encfs",
        "fuse-overlayfs",
        "gocryptfs",
        "mergerfs",
        "securefs",
        "snapfuse",
    )
)
"""FUSE file systems over local files: what passes through the mount is seen (rootless podman's overlay is one)."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of /proc/self/mounts (proc_pid_mounts(5))."""

    point: str
    kind: str

    @property
    def silent(self) -> bool:
        """Whether changes made elsewhere give no events."""
        if self.kind in SILENT:
            return True
        return self.kind.startswith("fuse.") and self.kind not in LOCAL_FUSE

    def __str__(self) -> str:
        return f"{self.kind} mount {self.point}"


def parse(text: str) -> tuple[Mount, ...]:
    r"""Read mount lines; blanks in paths are written as ``\040``."""
    found = []
    for line in text.splitlines():
        fields = line.split(" ")
        if len(fields) >= 3:
            found.append(Mount(_unescape(fields[1]), fields[2]))
    return tuple(found)


def mount_of(path: str, mounts: tuple[Mount, ...]) -> Mount | None:
    """Give the mount that holds `path`: the longest point, of equals the last mounted."""
    best: Mount | None = None
    for mount in mounts:
        point = mount.point.rstrip(os.sep) + os.sep
        if (path + os.sep).startswith(point) and (
            best is None or len(mount.point) >= len(best.point)
        ):
            best = mount
    return best


def forced(environ: Mapping[str, str]) -> bool:
    """Honour ``WATCHFILES_FORCE_POLLING`` as watchfiles does: any value but false, disable, disabled."""
    value = environ.get("WATCHFILES_FORCE_POLLING")
    return (
        bool(value)
        and value is not None
        and value.lower() not in {"", "0", "false", "disable", "disabled"}
    )


def _unescape(field: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field
