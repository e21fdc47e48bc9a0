"""Releases of packages, from the package index, by pip."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PURE = (
    "--only-binary=:all:",
    "--implementation=py",
    "--abi=none",
    "--platform=any",
    "--python-version=3.11",
)
"""Take the wheel that runs everywhere: the one without compiled parts."""


class Unreachable(Exception):
    """The package index does not answer, or does not have the release."""


def folder_of(cache: Path, package: str, version: str) -> Path:
    """Download a release's pure wheel and unpack it below `cache`, once; give the folder.

    Raises:
        Unreachable: pip could not get it.
    """
    target = cache / f"{package}-{version}"
    if not target.exists():
        wheel = _download(cache / "downloads", f"{package}=={version}", *PURE)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(target.with_suffix(".part"))
        target.with_suffix(".part").rename(target)
    return target


def sources_of(cache: Path, package: str, version: str) -> Path:
    """Download a release's source distribution and unpack it; give its top folder.

    Raises:
        Unreachable: pip could not get it.
    """
    target = cache / f"{package}-{version}-sources"
    if not target.exists():
        sdist = _download(cache / "downloads", f"{package}=={version}", "--no-binary=:all:")
        with tarfile.open(sdist) as archive:
            archive.extractall(target.with_suffix(".part"), filter="data")
        target.with_suffix(".part").rename(target)
    (top,) = target.iterdir()
    return top


def _download(folder: Path, requirement: str, *options: str) -> Path:
    place = folder / requirement
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(place)]
    done = subprocess.run(
        [*command, *options, requirement], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Unreachable(f"pip could not download {requirement}: {done.stderr.strip()[-300:]}")
    (found,) = place.iterdir()
    return found
