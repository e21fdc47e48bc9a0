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
class Offer:
    """What a module exports of one that may be another."""

    names: dict[str, str]
    """By the name it exports: what the other calls it."""
    spaces: dict[str, str] = field(default_factory=dict)
    """By the name it exports: the path of the module whose namespace that is."""


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

    def importers(self, modules: Iterable[tuple[str, Module]], path: str) -> list[Importer]:
        """Say what each of `modules` takes of the one at `path`, by whatever ways; who takes nothing is left out."""
        modules = list(modules)
        offers = self._offers(modules, path)
        found = (self._importer(name, module, offers) for name, module in modules)
        return [one for one in found if one.names or one.spaces]

    def _importer(self, path: str, module: Module, offers: Mapping[str, Offer]) -> Importer:
        names: dict[str, str] = {}
        spaces: dict[str, dict[str, str]] = {}
        for imported in module.imports:
            target = self.resolve(path, imported.source) if imported.names else None
            if target is None or target not in offers:
                continue
            for what, local in imported.names or ():
                space = target if what == EVERYTHING else offers[target].spaces.get(what)
                if space is not None:
                    spaces[local] = offers[space].names
                elif what in offers[target].names:
                    names[local] = offers[target].names[what]
        return Importer(path, module, names, spaces)

    def _offers(self, modules: list[tuple[str, Module]], path: str) -> dict[str, Offer]:
        """Give by module what it exports of the one at `path`: that one itself, and all that hand it on."""
        own = self.find(path)
        offers = {path: Offer(dict(own.exports) if own is not None else {})}
        handing = [(name, module) for name, module in modules if _hands_on(module)]
        size = -1
        while size != (size := sum(len(o.names) + len(o.spaces) for o in offers.values())):
            for name, module in handing:
                for source, what, called in _handed_on(module):
                    target = self.resolve(name, source)
                    if target is None or target not in offers:
                        continue
                    offer = offers[target]
                    mine = offers.setdefault(name, Offer({}))
                    if not called:
                        hidden = {"default", *module.exports}  # its own come first
                        for into, given in (
                            (mine.names, offer.names),
                            (mine.spaces, offer.spaces),
                        ):
                            into.update({k: v for k, v in given.items() if k not in hidden} | into)
                    elif what == EVERYTHING:
                        mine.spaces[called] = target
                    elif what in offer.names:
                        mine.names[called] = offer.names[what]
                    elif what in offer.spaces:
                        mine.spaces[called] = offer.spaces[what]
        return offers


def _hands_on(module: Module) -> bool:
    """Say whether a module exports what it does not bind itself."""
    return any(imported.again for imported in module.imports) or bool(
        set(module.exports.values()) - module.units.keys()
    )


def _handed_on(module: Module) -> Iterator[tuple[str, str, str]]:
    """Give (specifier, name there, name here) of all that a module exports of others; ``export *`` has no name here."""
    for imported in module.imports:
        for what, called in imported.again:
            yield imported.source, what, called
        for what, local in imported.names or ():
            for called, exported in module.exports.items():
                if exported == local:
                    yield imported.source, what, called
