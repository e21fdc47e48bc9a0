"""Which modules of a page use what one of them binds: through barrels, namespaces and import maps. PURE."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from hotswap.web.javascript.model import Module

EVERYTHING = "*"
"""The name under which a module's namespace is imported."""

Table = dict[str, str | None]
"""Specifiers, or paths of this server, and the path each means; None for what another server has."""


@dataclass(frozen=True, slots=True)
class Importer:
    """Another module that uses this one."""

    path: str
    module: Module
    names: Mapping[str, str]
    """By its own name for it: what it takes, as the exporting module calls it."""
    spaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By its own name for a namespace: what the exporting module calls each member that comes from it."""


@dataclass(frozen=True, slots=True)
class ImportMap:
    """What a page's import maps say (HTML standard, section 8.1.6.2), in paths of this server."""

    imports: Table = field(default_factory=dict)
    scopes: Mapping[str, Table] = field(default_factory=dict)

    def resolve(self, base: str, specifier: str, root: str = "") -> str | None:
        """Give the URL path that a specifier means within the module at `base`; None for other servers.

        Args:
            root: What stands before every path of the app, but in none of the paths here.
        """
        plain = resolved(base, specifier, root)
        wanted = specifier if plain is None else plain
        scopes = [at for at in self.scopes if base == at or (at[-1] == "/" and base.startswith(at))]
        tables = [self.scopes[at] for at in sorted(scopes, key=len, reverse=True)]
        for table in (*tables, self.imports):
            keys = [key for key in table if key == wanted or _begins(key, wanted)]
            if keys:
                key = max(keys, key=len)
                address = table[key]
                return None if address is None else address + wanted[len(key) :]
        return plain


def import_map(texts: Iterable[str], page: str, root: str = "") -> ImportMap:
    """Give what several ``<script type="importmap">`` of the page at the path `page` say; the first wins."""
    imports: Table = {}
    scopes: dict[str, Table] = {}
    for text in texts:
        try:
            said = json.loads(text)
        except ValueError:
            continue  # the browser has complained
        if not isinstance(said, dict):
            continue
        imports = _table(said.get("imports"), page, root) | imports
        given = said.get("scopes")
        for prefix, table in given.items() if isinstance(given, dict) else ():
            at = _address(str(prefix), page, root)
            if at is not None:
                scopes[at] = _table(table, page, root) | scopes.get(at, {})
    return ImportMap(imports, scopes)


def resolved(base: str, specifier: str, root: str = "") -> str | None:
    """Give the URL path that a relative or absolute one means within a module; None for all others."""
    if not specifier.startswith(("/", "./", "../")) or specifier.startswith("//"):
        return None
    path = unquote(urlsplit(specifier).path)
    parts = [] if path.startswith("/") else base.split("/")[1:-1]
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    found = "/" + "/".join(parts)
    return found.removeprefix(root) if root and found.startswith(f"{root}/") else found


def _table(said: Any, page: str, root: str) -> Table:
    table: Table = {}
    for key, value in said.items() if isinstance(said, dict) else ():
        name = _address(str(key), page, root) or str(key)
        table[name] = _address(value, page, root) if isinstance(value, str) else None
    return table


def _address(address: str, page: str, root: str) -> str | None:
    found = resolved(page, address, root)
    return f"{found}/" if found not in (None, "/") and address.endswith("/") else found


def _begins(key: str, wanted: str) -> bool:
    return key.endswith("/") and wanted.startswith(key)


@dataclass(frozen=True, slots=True)
class Links:
    """The modules of a page, and where their imports lead.

    Args:
        find: Gives the module at a path, or None where it is not known.
        resolve: Gives the path that a specifier means in the module at another.
    """

    find: Callable[[str], Module | None]
    resolve: Callable[[str, str], str | None]

    def origin(
        self, path: str, name: str, seen: frozenset[tuple[str, str]] = frozenset()
    ) -> tuple[str, str] | None:
        """Give the module that binds what another exports as `name`, and what it is called there.

        `EVERYTHING` in place of the latter means the namespace of that module. None where the way is lost.
        """
        module = self.find(path)
        if module is None or (path, name) in seen:
            return None
        if name == EVERYTHING:
            return path, EVERYTHING
        seen |= {(path, name)}
        local = module.exports.get(name)
        if local is not None:
            for imported in module.imports:
                for what, called in imported.names or ():
                    if called == local:
                        return self._behind(path, imported.source, what, seen)
            return path, local
        stars: list[str] = []
        for imported in module.imports:
            for what, called in imported.again:
                if called == name:
                    return self._behind(path, imported.source, what, seen)
                if not called and name != "default":
                    stars.append(imported.source)
        behind = (self._behind(path, source, name, seen) for source in stars)
        return next((found for found in behind if found is not None), None)

    def _behind(
        self, path: str, source: str, name: str, seen: frozenset[tuple[str, str]]
    ) -> tuple[str, str] | None:
        target = self.resolve(path, source)
        return self.origin(target, name, seen) if target is not None else None

    def exported(self, path: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
        """Give the names that a module exports, those of ``export *`` among them."""
        module = self.find(path)
        if module is None or path in seen:
            return
        yield from module.exports
        for imported in module.imports:
            for _, called in imported.again:
                target = self.resolve(path, imported.source)
                if called:
                    yield called
                elif target is not None:
                    yield from self.exported(target, seen | {path})

    def importer(self, name: str, other: Module, path: str) -> Importer | None:
        """Say what a module takes of the one at `path`, by whatever way; None when it is nothing."""
        names: dict[str, str] = {}
        spaces: dict[str, dict[str, str]] = {}
        for imported in other.imports:
            target = self.resolve(name, imported.source) if imported.names else None
            for what, local in (imported.names or ()) if target is not None else ():
                found = self.origin(target, what) if target is not None else None
                if found is None:
                    continue
                if found[1] == EVERYTHING:
                    spaces[local] = self._members(found[0], path)
                elif found[0] == path:
                    names[local] = found[1]
        spaces = {local: members for local, members in spaces.items() if members}
        return Importer(name, other, names, spaces) if names or spaces else None

    def _members(self, space: str, path: str) -> dict[str, str]:
        members = {}
        for name in self.exported(space):
            found = self.origin(space, name)
            if found is not None and found[0] == path:
                members[name] = found[1]
        return members
