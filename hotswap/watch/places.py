"""Where to look: globs, the links on the way to a file, the directories below a root."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hotswap.watch.disk import Disk

IGNORED_DIRECTORIES: Final = frozenset({"__pycache__", "node_modules", "site-packages", "venv"})
"""Never entered, like every directory whose name begins with a dot; after watchfiles."""

TEMPORARY: Final = re.compile(
    r"^\.#|^\._|^#.*#$|~$|\.sw[a-p]$|\.tmp$|___jb_(tmp|old|bak)___$|^4913$"
)
"""Names that only editors see: emacs locks (``.#chat.py`` ends in .py), AppleDouble, vim, PyCharm."""

SOURCE_SUFFIXES: Final = (".py", ".pyi")

MAX_LINKS: Final = 40
"""Linux gives up after as many (path_resolution(7))."""


@dataclass(frozen=True, slots=True)
class Globs:
    """Which paths below the roots count. Include adds, exclude removes, exclude wins.

    A glob with a slash is matched against the path relative to a root (``templates/**/*.html``; absolute ones against
    the whole path), one without against the name, at any depth. A glob that names a directory means all below it.
    """

    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    roots: tuple[str, ...] = ()

    def included(self, path: str) -> bool:
        """Say whether an include names `path` and no exclude does."""
        return self._any(self.includes, path) and not self._any(self.excludes, path)

    def excluded(self, path: str) -> bool:
        """Say whether an exclude names `path`."""
        return self._any(self.excludes, path)

    def bases(self) -> Iterator[str]:
        """Give the directories below which included files may be."""
        for glob in self.includes:
            fixed = []
            for part in glob.split("/"):
                if _wild(part):
                    break
                fixed.append(part)
            base = "/".join(fixed)
            if "/" not in glob and not os.path.isabs(glob):
                # A bare name is matched at any depth; as a directory it is a base of its own, found by the walk.
                yield from self.roots
            elif os.path.isabs(glob):
                yield base or "/"
            else:
                yield from (os.path.join(root, base) if base else root for root in self.roots)

    def _any(self, globs: tuple[str, ...], path: str) -> bool:
        for glob in globs:
            if os.path.isabs(glob):
                if _pattern(glob).fullmatch(path):
                    return True
                continue
            for root in self.roots:
                if path.startswith(root + os.sep):
                    relative = path[len(root) + 1 :].replace(os.sep, "/")
                    if _pattern(glob).fullmatch(relative):
                        return True
        return False


def _wild(part: str) -> bool:
    return any(character in part for character in "*?[")


@lru_cache(maxsize=256)
def _pattern(glob: str) -> re.Pattern[str]:
    """Translate one glob; ``**`` spans directories, ``*`` and ``?`` do not. A directory's name covers what is in it."""
    glob = glob.removeprefix("./").rstrip("/")
    text = "" if "/" in glob else "(?:.*/)?"
    place = 0
    while place < len(glob):
        character = glob[place]
        if glob.startswith("**/", place):
            text, place = text + "(?:.*/)?", place + 3
        elif glob.startswith("**", place):
            text, place = text + ".*", place + 2
        elif character == "*":
            text, place = text + "[^/]*", place + 1
        elif character == "?":
            text, place = text + "[^/]", place + 1
        elif character == "[" and "]" in glob[place + 2 :]:
            end = glob.index("]", place + 2)
            chosen = glob[place + 1 : end].replace("\\", r"\\")
            chosen = "^" + chosen[1:] if chosen.startswith("!") else chosen
            text, place = f"{text}[{chosen}]", end + 1
        else:
            text, place = text + re.escape(character), place + 1
    return re.compile(text + "(?:/.*)?", re.DOTALL)


def ignored(name: str) -> bool:
    """Say whether a directory of this name is never entered."""
    return name.startswith(".") or name in IGNORED_DIRECTORIES or name.endswith(".egg-info")


def walk(base: str, disk: Disk, globs: Globs, limit: int) -> Iterator[str]:
    """Give `base` and the directories below it, without those nobody edits, at most `limit`."""
    stack = [base]
    while stack and limit > 0:
        directory = stack.pop()
        yield directory
        limit -= 1
        # Links are not followed: where they lead is watched when a tracked file lies there.
        stack.extend(
            path
            for entry in reversed(disk.entries(directory))
            if entry.directory and not entry.link and not ignored(entry.name)
            if not globs.excluded(path := os.path.join(directory, entry.name))
        )


def trail(path: str, disk: Disk) -> tuple[str, tuple[str, ...]]:
    """Follow `path` to the real file.

    Returns:
        The real path, and each symbolic link on the way, spelled with its real directory: what changes when somebody
        points it elsewhere or puts a file in its place.
    """
    links: list[str] = []
    real = os.sep
    rest = [part for part in os.path.abspath(path).split(os.sep) if part]
    rest.reverse()
    while rest:
        part = rest.pop()
        if part == "..":
            real = os.path.dirname(real)
            continue
        here = os.path.join(real, part)
        target = disk.link(here) if len(links) < MAX_LINKS else None
        if target is None:
            real = here
            continue
        links.append(here)
        if os.path.isabs(target):
            real = os.sep
        rest.extend(step for step in reversed(target.split(os.sep)) if step not in {"", "."})
    return real, tuple(links)


def below(path: str, roots: Iterable[str]) -> str:
    """Give the root that holds `path`, or an empty string."""
    for root in roots:
        if path == root or path.startswith(root.rstrip(os.sep) + os.sep):
            return root
    return ""


def git_directories(places: Sequence[str], disk: Disk) -> tuple[str, ...]:
    """Find the ``.git`` directory that rules each of `places`; a work tree's or submodule's is written in a file."""
    found: dict[str, None] = {}
    seen: set[str] = set()
    for place in places:
        directory = place
        while directory not in seen:
            seen.add(directory)
            candidate = os.path.join(directory, ".git")
            sign = disk.sign(candidate)
            if sign is not None:
                found[candidate if sign.directory else _gitdir(candidate)] = None
                break
            directory = os.path.dirname(directory)
    return tuple(path for path in found if path)


def _gitdir(file: str) -> str:
    try:
        with open(file, encoding="utf-8", errors="replace") as content:
            line = content.readline()
    except OSError:
        return ""
    if not line.startswith("gitdir:"):
        return ""
    return os.path.normpath(os.path.join(os.path.dirname(file), line[7:].strip()))
