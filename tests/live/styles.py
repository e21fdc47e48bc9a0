"""How programs save a file: each style is a function of the path, the new text, and a place that nobody watches.

`breath` comes back when the watcher has seen all that happened so far.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Style = Callable[[Path, str, Path, Callable[[], None]], None]


def in_place(path: Path, text: str, away: Path, breath: Callable[[], None]) -> None:
    path.write_text(text)


def in_chunks(path: Path, text: str, away: Path, breath: Callable[[], None]) -> None:
    with path.open("w") as file:
        breath()
        for start in range(0, len(text), max(1, len(text) // 3)):
            file.write(text[start : start + max(1, len(text) // 3)])
            file.flush()
            breath()


def truncated_then_written(path: Path, text: str, away: Path, breath: Callable[[], None]) -> None:
    path.open("w").close()
    with path.open("a") as file:
        file.write(text)


def synced(path: Path, text: str, away: Path, breath: Callable[[], None]) -> None:
    with path.open("r+") as file:
        file.write(text)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def renamed_beside(path: Path, text: str, away: Path, breath: Callable[[], None]) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    beside.write_text(text)
    breath()
    beside.replace(path)


def renamed_module_beside(path: Path, text: str, away: Path, breath: Callable[[], None]) -> None:
    """The temporary name looks like a module."""
    beside = path.with_name(f"{path.stem}_tmp81x.py")
    beside.write_text(text)
    beside.replace(path)


def renamed_from_away(path: Path, text: str, away: Path, breath: Callable[[], None]) -> None:
    (away / "new").write_text(text)
    (away / "new").rename(path)


def vim_backupcopy_yes(path: Path, text: str, away: Path, breath: Callable[[], None]) -> None:
    swap = path.with_name(f".{path.name}.swp")
    swap.write_text("swap")
    backup = path.with_name(path.name + "~")
    shutil.copy2(path, backup)
    path.write_text(text)
    backup.unlink()
    swap.unlink()


def vim_backupcopy_no(path: Path, text: str, away: Path, breath: Callable[[], None]) -> None:
    probe = path.with_name("4913")
    probe.touch()
    probe.unlink()
    backup = path.with_name(path.name + "~")
    path.rename(backup)
    breath()
    path.write_text(text)
    backup.unlink()


def vim_backup_away(path: Path, text: str, away: Path, breath: Callable[[], None]) -> None:
    """set backupdir=~/.vim/backup"""
    path.rename(away / "backup")
    breath()
    path.write_text(text)


def pycharm_safe_write(path: Path, text: str, away: Path, breath: Callable[[], None]) -> None:
    new = path.with_name(path.name + "___jb_tmp___")
    old = path.with_name(path.name + "___jb_old___")
    new.write_text(text)
    path.rename(old)
    new.rename(path)
    old.unlink()


def emacs(path: Path, text: str, away: Path, breath: Callable[[], None]) -> None:
    lock = path.with_name(f".#{path.name}")
    lock.symlink_to("me@host.1234:567890")
    breath()
    path.rename(path.with_name(path.name + "~"))
    path.write_text(text)
    lock.unlink()


def deleted_and_created(path: Path, text: str, away: Path, breath: Callable[[], None]) -> None:
    path.unlink()
    breath()
    path.write_text(text)


def deleted_and_created_in_chunks(
    path: Path, text: str, away: Path, breath: Callable[[], None]
) -> None:
    path.unlink()
    in_chunks(path, text, away, breath)


def hard_linked(path: Path, text: str, away: Path, breath: Callable[[], None]) -> None:
    """A complete file made elsewhere gets a second name."""
    (away / "new").write_text(text)
    path.unlink()
    os.link(away / "new", path)
    (away / "new").unlink()


def sed(path: Path, text: str, away: Path, breath: Callable[[], None]) -> None:
    (away / "script").write_text("".join(f"{line}\n" for line in ["1,$d"]))
    body = away / "body"
    body.write_text(text)
    subprocess.run(["sed", "-i", "-e", f"1r {body}", "-e", "1,$d", str(path)], check=True)


def rsync(path: Path, text: str, away: Path, breath: Callable[[], None]) -> None:
    """Renames into place, with the time of last modification of the source: a minute ago."""
    beside = path.with_name(f".{path.name}.Xa81bQ")
    beside.write_text(text)
    before = path.stat()
    os.utime(beside, ns=(before.st_atime_ns, before.st_mtime_ns - 60 * 10**9))
    beside.replace(path)


def patch_tool(path: Path, text: str, away: Path, breath: Callable[[], None]) -> None:
    """patch(1) and git apply: unlink the old file, rename a new one from /tmp, here another directory."""
    (away / "po81").write_text(text)
    path.unlink()
    shutil.copyfile(away / "po81", path)


STYLES: Final = (
    in_place,
    in_chunks,
    truncated_then_written,
    synced,
    renamed_beside,
    renamed_module_beside,
    renamed_from_away,
    vim_backupcopy_yes,
    vim_backupcopy_no,
    vim_backup_away,
    pycharm_safe_write,
    emacs,
    deleted_and_created,
    deleted_and_created_in_chunks,
    hard_linked,
    sed,
    rsync,
    patch_tool,
)
