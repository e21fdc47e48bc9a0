"""The scripts of a project as pages run them: which versions were served, and who imports whom."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import re
from collections import OrderedDict
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from hotswap.web.javascript.linking import EVERYTHING, ImportMap, Links, import_map
from hotswap.web.javascript.patch import diff
from hotswap.web.javascript.rewrite import serve
from hotswap.web.javascript.syntax import digest, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from hotswap.web.endpoints import Loaded
    from hotswap.web.javascript.linking import Importer
    from hotswap.web.javascript.model import Module
    from hotswap.web.javascript.tree import SyntaxFault
    from hotswap.web.places import Places

VERSIONS = 24
"""Versions kept of one script; a page that runs an older one runs it again or reloads."""
PAGES = 64
CARRIED_BYTES = 4_000_000
LARGEST = 600_000
"""Bytes of a script beyond which it is not rewritten: parsing takes 0.3 s a megabyte, and nobody edits that by hand."""
MINIFIED = (".min.js", ".min.mjs")

WORD = re.compile(rb"[\w$]+")
DYNAMIC = re.compile(rb"\bimport\s*\(")

SAFE = "/~!$&'()*+,;=:@"
"""What browsers leave as it is in a path (WHATWG URL, path percent-encode set)."""

logger = logging.getLogger("hotswap.web")


class Modules:
    """Versions by URL path and digest. URL paths are decoded here, as in ``scope["path"]``."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._versions: dict[str, OrderedDict[str, bytes]] = {}
        self._latest: dict[str, Module] = {}
        self._runs: OrderedDict[str, tuple[dict[str, int], ImportMap]] = OrderedDict()
        """By page: the modules that ran again there, and the number each was asked for with; its import maps."""
        self._verbatim: set[str] = set()
        self._root = ""

    def wants(self, path: str) -> bool:
        """Say whether a script at this URL path is one whose functions can be patched."""
        if path.endswith(MINIFIED) or any(left.endswith(path) for left in self._verbatim):
            return False
        return self._places.file(path) is not None

    def leave(self, sources: Collection[str]) -> None:
        """Serve these scripts (``src`` attributes with ``integrity``) as they are."""
        self._verbatim.update(unquote(urlsplit(source).path) for source in sources)

    def rewrite(
        self, path: str, query: str, source: bytes, *, module: bool, root: str = ""
    ) -> bytes:
        """Give the source as the browser is to run it; as it is when it is beyond us.

        Args:
            root: What stands before every path of the app (``root_path``), but in none of the paths here.
        """
        self._root = root
        if len(source) > LARGEST:
            return source
        try:
            parsed = parse(source)
            if parsed.fault is not None or parsed.duplicate:
                return source
            asked = parse_qs(query)
            page = asked["hsp"][0] if "t" in asked and "hsp" in asked else ""
            runs, maps = self._runs.get(page) or ({}, ImportMap())

            def resolve(specifier: str) -> str:
                found = maps.resolve(path, specifier, root)
                if found is None or found not in runs:
                    return specifier
                return (
                    f"{quote(root + found, safe=SAFE)}?t={runs[found]}&hsp={quote(page, safe='')}"
                )

            self._remember(path, parsed)
            return serve(
                parsed,
                quote(root + path, safe=SAFE),
                _scope_name(path),
                as_module=module,
                resolve=resolve if runs else None,
            )
        except RecursionError:
            # nested deeper than we can follow: theirs to run, not ours to change
            logger.debug("%s is nested too deeply to be made patchable", path)
            return source

    def fault(self, file: str) -> SyntaxFault | None:
        """Say where a script on disk stops being JavaScript."""
        with contextlib.suppress(OSError), open(file, "rb") as opened:
            source = opened.read(LARGEST + 1)
            if len(source) <= LARGEST:
                return parse(source).fault
        return None

    def difference(self, path: str, running: str, page: Loaded) -> dict[str, Any]:
        """Say how a page that runs the version with digest `running` comes to run what is on disk."""
        file = self._places.file(path)
        if file is None:
            return {"mode": "rerun", "why": f"{path} is gone", "to": ""}
        with open(file, "rb") as opened:
            source = opened.read()
        now = digest(source)
        if now == running:
            return {"mode": "none", "to": now}
        versions = self._versions.get(path)
        before = versions.get(running) if versions is not None else None
        if before is None:
            return {
                "mode": "rerun",
                "why": "the version that this page runs is not known",
                "to": now,
            }
        old, new = parse(before), parse(source)
        record = _record(old, path)
        try:
            importers, elsewhere, closed = self._users(path, new, page)
            patch = diff(
                old,
                new,
                quote(path, safe=SAFE),
                record,
                importers=importers,
                elsewhere=elsewhere,
                closed=closed,
                classic=page.classic,
            )
        except RecursionError:
            return {"mode": "rerun", "why": "it is nested too deeply to be compared", "to": now}
        if patch.mode != "fault":
            self._remember(path, new)
        imports = self._homes(path, patch.imports, page)
        lines = {one.source: one.node.start_point[0] + 1 for one in new.imports} if imports else {}
        return {**asdict(patch), "imports": imports, "lines": lines, "to": now, "file": file}

    def _users(self, path: str, new: Module, page: Loaded) -> tuple[list[Importer], set[str], bool]:
        """Give who in a page uses what a script binds, and the names that may be used where we do not look.

        The last says that these are all: no script of the page imports what it finds out only when it runs.
        """
        elsewhere: set[str] = set()
        others = [(n, m) for n, m in self._latest.items() if n in page.scripts and n != path]
        inline = [(page.address, parse(text.encode())) for text in page.inline]
        if page.classic:  # all classic scripts share one scope: a word is enough
            for _, other in (*others, *inline):
                words = set(WORD.findall(other.source))
                elsewhere.update(unit for unit in new.units if unit.encode() in words)
        maps = import_map(page.maps, page.address, self._root)
        links = Links({**self._latest, path: new}.get, self._resolver(maps))
        importers = links.importers((*others, *inline), path)
        sources = [other.source for _, other in (*others, *inline)]
        closed = not any(DYNAMIC.search(source) for source in (new.source, *sources))
        return importers, elsewhere, closed

    def _homes(
        self, path: str, imports: Collection[tuple[str, str]], page: Loaded
    ) -> list[tuple[str, ...]]:
        """Add to (specifier, name) pairs the module that binds it, as it is on disk, and its name there."""
        maps = import_map(page.maps, page.address, self._root)
        links = Links(self._on_disk, self._resolver(maps))
        homes: list[tuple[str, ...]] = []
        for specifier, name in imports:
            target = links.resolve(path, specifier)
            home = links.origin(target, name) if target is not None and name else None
            homes.append((specifier, name, *(home if home and home[1] != EVERYTHING else ())))
        return homes

    def _on_disk(self, path: str) -> Module | None:
        file = self._places.file(path)
        with contextlib.suppress(OSError):
            if file is not None:
                with open(file, "rb") as opened:
                    return parse(opened.read())
        return None

    def _resolver(self, maps: ImportMap) -> Callable[[str, str], str | None]:
        return cache(lambda base, specifier: maps.resolve(base, specifier, self._root))

    def boundaries(
        self,
        path: str,
        number: int,
        page: str,
        loaded: Loaded,
        runs: Mapping[str, int],
    ) -> dict[str, Any]:
        """Find who accepts that a module runs again: Vite's rule, importers upward until each way is accepted.

        Args:
            number: The event's id; the address of a module that runs again carries it.
            page: Which page asks; `runs` is what has run again there.
            loaded: What the page runs.

        Returns:
            ``{"dead": why}`` when a way ends at a module that nobody accepts, else ``{"accepted": [...]}`` with
            pairs of accepting and accepted module.
        """
        file = self._places.file(path)
        if file is not None:
            with open(file, "rb") as opened:
                self._latest[path] = parse(opened.read())
        accepted: dict[tuple[str, str], None] = {}
        again: dict[str, None] = {}
        maps = import_map(loaded.maps, loaded.address, self._root)
        dead = self._climb(path, (path,), loaded.scripts, self._resolver(maps), accepted, again)
        if dead:
            return {"dead": dead}
        known = {**runs, **dict.fromkeys(again, number)}
        self._runs[page] = known, maps
        self._runs.move_to_end(page)
        while len(self._runs) > PAGES:
            self._runs.popitem(last=False)
        return {"accepted": [{"by": by, "module": module} for by, module in accepted]}

    def carry(self) -> dict[str, dict[str, bytes]]:
        """Give the newest versions, at most `CARRIED_BYTES`, so that a patch works after an exec reload too."""
        carried: dict[str, dict[str, bytes]] = {}
        left = CARRIED_BYTES
        for path, versions in self._versions.items():
            for name, source in reversed(versions.items()):
                left -= len(source)
                if left >= 0:
                    carried.setdefault(path, {})[name] = source
        return carried

    def adopt(self, carried: Mapping[str, Mapping[str, bytes]]) -> None:
        """Take the versions of the image before this one."""
        for path, versions in carried.items():
            for source in reversed(list(versions.values())):
                self._remember(path, parse(source))

    def _remember(self, path: str, module: Module) -> None:
        versions = self._versions.setdefault(path, OrderedDict())
        versions[module.digest] = module.source
        versions.move_to_end(module.digest)
        while len(versions) > VERSIONS:
            versions.popitem(last=False)
        self._latest[path] = module

    def _climb(
        self,
        path: str,
        way: tuple[str, ...],
        loaded: frozenset[str],
        resolve: Callable[[str, str], str | None],
        accepted: dict[tuple[str, str], None],
        again: dict[str, None],
    ) -> str:
        """Follow importers; gives why a way is dead, or ``""``."""
        module = self._latest.get(path)
        if module is None:
            return f"{path} is not known"
        if module.accepts_itself:
            accepted[path, path] = None
            again.update(dict.fromkeys(way))
            return ""
        importers = [
            name
            for name, other in self._latest.items()
            if name in loaded and any(resolve(name, i.source) == path for i in other.imports)
        ]
        if not importers:
            return f"nobody accepts {path}"
        for name in importers:
            if path in [resolve(name, wanted) for wanted in self._latest[name].accepts]:
                accepted[name, path] = None
                again.update(dict.fromkeys(way))
            elif name in way:
                return f"{name} imports itself through {path}"
            else:
                dead = self._climb(name, (*way, name), loaded, resolve, accepted, again)
                if dead:
                    return dead
        return ""


def _scope_name(path: str) -> str:
    return hashlib.blake2b(path.encode(), digest_size=4).hexdigest()


def _record(module: Module, path: str) -> str:
    from hotswap.web.javascript.rewrite import record_name

    return record_name(module, _scope_name(path), as_module=True)
