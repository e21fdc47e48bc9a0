"""Starlette and Router objects follow edits in place; FastAPI's are the same with more (fastapi.py).

A *registry* is an app or a router. What statements put into it lies in lists and one dict: routes, middleware,
event handlers, exception handlers. All of them keep their identity; the app's state and its running lifespan are
never touched.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.adapters import entries, lifespan, middleware, mounts
from hotswap.live.adapters.base import Adapter, Refused
from hotswap.live.adapters.entries import Shelf
from hotswap.live.adapters.identity import add_state, put, remember, share, stand_in, take

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import CodeType, FunctionType

    from hotswap.live.adapters.base import Ran
    from hotswap.live.adapters.entries import Key
    from hotswap.live.journal import Journal

STATE: Final = frozenset({"state", "dependency_overrides"})
FRAMEWORK: Final = ("starlette.", "fastapi.")


def router_of(obj: Any) -> Any:
    """Give the router that holds the routes of an app; a router is its own."""
    return vars(obj).get("router", obj)


def route_key(entry: Any) -> Key:
    """Say which definition a route, WebSocket route or handler entry belongs to."""
    endpoint = vars(entry).get("endpoint") if hasattr(entry, "__dict__") else None
    return entries.made_by(endpoint) if endpoint is not None else None


def middleware_key(entry: Any) -> Key:
    """Say which definition a ``@app.middleware("http")`` entry belongs to; other entries stem from other statements."""
    dispatch = getattr(entry, "kwargs", None) or getattr(entry, "options", None) or {}
    return entries.made_by(dispatch["dispatch"]) if "dispatch" in dispatch else None


def is_builtin(entry: Any) -> bool:
    """Say whether the framework itself added this entry (openapi, docs)."""
    key = route_key(entry)
    return key is not None and key[0].startswith(FRAMEWORK)


def by_user(entry: Any) -> bool:
    """Say whether a statement of the user's may have added this entry."""
    return not is_builtin(entry)


@dataclass(slots=True)
class Token:
    """A registry as it was before the swap."""

    lists: list[tuple[list[Any], list[Any]]]
    """Each list of the registry with its content."""
    handlers: dict[Any, Any]
    stack: Any
    recipe: object
    starters: list[Key]
    ids: list[list[int]]
    """What the lists held, by identity: routes define ``__eq__`` by path and endpoint."""
    prepared: set[tuple[str, str]] = field(default_factory=set)
    """Definitions whose handlers have been taken out already."""
    placed: dict[str, tuple[Sequence[str], set[str] | None]] = field(default_factory=dict)
    """Module name -> the order of its fillers, and what `entries.placed` found of it."""


class StarletteAdapter(Adapter):
    """Routes, mounts, WebSockets, middleware, exception and event handlers of Starlette apps and routers."""

    module = "starlette.routing"
    state = STATE
    begins_empty = STATE

    def __init__(self) -> None:
        from starlette.applications import Starlette
        from starlette.routing import Router

        self._apps: tuple[type, ...] = (Starlette,)
        self._types: tuple[type, ...] = (Starlette, Router)
        self._constructed: dict[type, frozenset[str]] = {}

    def owns(self, obj: object) -> bool:
        """Say whether `obj` is an app or a router."""
        return issubclass(type(obj), self._types)

    def refusal(self, obj: Any, replaced: Mapping[CodeType, CodeType]) -> str:
        """A lifespan or startup handler has done its work; its new body runs in a fresh process only."""
        for function in lifespan.starters(router_of(obj)):
            code = lifespan.code_of(function)
            if code is not None and code in replaced:
                return f"the lifespan function {code.co_qualname} has run already"
        return ""

    def started(self, obj: Any) -> Sequence[FunctionType]:
        """Give the lifespan and startup functions."""
        found = map(lifespan.innermost_function, lifespan.starters(router_of(obj)))
        return [function for function in found if function is not None]

    # One swap of a registry.

    def checkpoint(self, obj: Any, journal: Journal) -> Token:
        """Remember the registry, and let an app that has started take new middleware."""
        router = router_of(obj)
        parts = self.parts(obj)
        journal.undo(lambda: self.renewed(obj))
        for part in parts:
            remember(vars(part), journal)
            for value in list(vars(part).values()):
                if type(value) is list or type(value) is dict:
                    journal.content(value)
        if parts[0] is not router:
            obj.middleware_stack, stack = None, vars(obj).get("middleware_stack")
        else:
            stack = None
        shelves = self.shelves(obj)
        return Token(
            lists=[(shelf.entries, list(shelf.entries)) for shelf in shelves],
            handlers=dict(vars(obj).get("exception_handlers", {})),
            stack=stack,
            recipe=middleware.recipe(obj),
            starters=[entries.made_by(function) for function in lifespan.starters(router)],
            ids=[list(map(id, shelf.entries)) for shelf in shelves],
        )

    def in_place(self, obj: Any, token: Token, ran: Ran) -> bool:
        """Say whether the changed definitions' entries can take the places of their old ones."""
        shelves = self.shelves(obj)
        known = [(shelf, old) for shelf, (_, old) in zip(shelves, token.lists, strict=True)]
        order, names = token.placed.get(ran.module, (None, None))
        if order is not ran.order:  # asked for each endpoint that runs again
            names = entries.placed(known, ran)
            token.placed[ran.module] = (ran.order, names)
        if not entries.new_fit(known, ran, names):
            return False
        gone = {(ran.module, name) for name in (*ran.ran, *ran.removed)} - token.prepared
        token.prepared |= gone
        for shelf in shelves:
            # they keep their identity, so that what ran again is told by its absence
            if shelf.functions:
                shelf.entries[:] = [
                    entry for entry in shelf.entries if shelf.key(entry) not in gone
                ]
        handlers = vars(obj).get("exception_handlers", {})
        for kind in [
            kind for kind, handler in handlers.items() if entries.made_by(handler) in gone
        ]:
            del handlers[kind]
        return True

    def settle(self, obj: Any, token: Token, ran: Ran) -> bool:
        """Order the entries, put the framework's own handlers back, renew what is derived from all that."""
        shelves = self.shelves(obj)
        if not ran.replayed:
            for shelf, (_, old) in zip(shelves, token.lists, strict=True):
                if shelf.functions:
                    self._place_handlers(shelf, old, ran)
                elif not entries.arrange(shelf, old, ran):
                    raise Refused(f"cannot tell where an entry of {ran.module} belongs")
        self.restore_defaults(obj)
        started = [entries.made_by(function) for function in lifespan.starters(router_of(obj))]
        if started != token.starters:
            raise Refused(
                "the lifespan or the startup handlers changed; the old ones have run already"
            )
        if token.stack is not None:
            middleware.restack(obj, token.stack, token.recipe)
        self.renewed(obj)
        return ran.replayed or [list(map(id, shelf.entries)) for shelf in shelves] != token.ids

    def _place_handlers(self, shelf: Shelf, old: Sequence[Any], ran: Ran) -> None:
        """Give event handlers that ran again their old places; they are the same function objects as before."""
        kept = {id(entry) for entry in shelf.entries}
        stay = [entry for entry in old if id(entry) in kept]
        before = {id(entry) for entry in stay}
        again = [entry for entry in shelf.entries if id(entry) not in before]
        shelf.entries[:] = stay + again
        rank = {name: index for index, name in enumerate(ran.order) if name}

        def is_mine(entry: Any) -> bool:
            key = shelf.key(entry)
            return key is not None and key[0] == ran.module and key[1] in rank

        places = [place for place, entry in enumerate(shelf.entries) if is_mine(entry)]
        ordered = sorted(
            (shelf.entries[place] for place in places),
            key=lambda entry: rank[(shelf.key(entry) or ("", ""))[1]],
        )
        for place, entry in zip(places, ordered, strict=True):
            shelf.entries[place] = entry

    def reset(self, obj: Any) -> None:
        """Leave only what the framework itself put in."""
        router = router_of(obj)
        for shelf in self.shelves(obj):
            shelf.entries[:] = [entry for entry in shelf.entries if is_builtin(entry)]
        handlers = vars(obj).get("exception_handlers", {})
        put(handlers, {k: h for k, h in handlers.items() if lifespan.of_framework(h, FRAMEWORK)})
        vars(router)["lifespan_context"] = lifespan.innermost(vars(router)["lifespan_context"])
        for part in {id(part): part for part in (obj, router)}.values():
            for name in [n for n in vars(part) if self._shadows(part, n)]:
                del vars(part)[name]
        self.renewed(obj)

    def adopt(self, old: Any, new: Any, token: Token, journal: Journal) -> None:
        """Take over what the constructor made; state, running lifespan and identities stay."""
        if type(old) is not type(new):
            raise Refused(f"{type(old).__name__} became {type(new).__name__}")
        for name in self.state:
            add_state(vars(old).get(name), vars(new).get(name), journal)
        pairs = list(zip(self.parts(old), self.parts(new), strict=True))
        for mine, theirs in pairs:
            self._take(mine, theirs, {id(t): m for m, t in pairs})
        for mine, theirs in pairs:
            share(mine, theirs)
        for mine, theirs in pairs:
            stand_in(
                mine, theirs, journal, beside={id(pairs), id(token), *(id(pair) for pair in pairs)}
            )
        if token.stack is not None:
            vars(old)["middleware_stack"] = None
        self.renewed(old)

    def _take(self, mine: Any, theirs: Any, twins: Mapping[int, Any]) -> None:
        """Put the attributes of `theirs` into `mine`; lists and dicts of `mine` keep their identity."""
        take(
            mine,
            theirs,
            state=self.state,
            constructed=self._framework_names(type(mine)),
            drop=lambda name: self._shadows(mine, name),
            twins=twins,
        )

    def _framework_names(self, cls: type) -> frozenset[str]:
        """Give the attributes that the framework's own constructor sets, whatever a subclass adds."""
        base = next(
            c for c in cls.__mro__ if c.__module__.partition(".")[0] in {"fastapi", "starlette"}
        )
        if base not in self._constructed:
            self._constructed[base] = frozenset(vars(base()))
        return self._constructed[base]

    def _shadows(self, part: Any, name: str) -> bool:
        """Say whether an instance attribute hides one of the class: ``app.openapi = custom_openapi``."""
        return name not in self._framework_names(type(part)) and any(
            name in cls.__dict__ for cls in type(part).__mro__
        )

    # What differs in FastAPI.

    def parts(self, obj: Any) -> list[Any]:
        """Give the objects that make up a registry: the app (or router) first."""
        router = router_of(obj)
        return [obj] if router is obj else [obj, router]

    def shelves(self, obj: Any) -> list[Shelf]:
        """Give the lists of a registry: routes, middleware, then handlers; always in the same order."""
        router = vars(router_of(obj))
        shelves = [
            Shelf(router["routes"], route_key, by_user),
            Shelf(vars(obj).get("user_middleware", []), middleware_key, backwards=True),
        ]
        shelves += [
            Shelf(router[name], entries.made_by, functions=True)
            for name in ("on_startup", "on_shutdown")
            if name in router
        ]
        return shelves

    def restore_defaults(self, obj: Any) -> None:
        """Put back what an entry of the user's had displaced."""

    def renewed(self, obj: Any) -> None:
        """The content changed: drop what the framework caches of it."""

    # Around a swap.

    def patched(
        self, objs: Sequence[Any], replaced: Mapping[CodeType, CodeType], journal: Journal
    ) -> None:
        """A middleware whose constructor changed is made anew; all others keep their state."""
        for obj in objs:
            stack = vars(obj).get("middleware_stack") if issubclass(type(obj), self._apps) else None
            if stack is None:
                continue
            edited = middleware.edited(obj, replaced)
            if edited:
                remember(vars(obj), journal)
                middleware.restack(obj, stack, None, edited)

    def served(self, obj: Any) -> Sequence[tuple[str, str]]:
        """Give the directories of StaticFiles mounts, with the URL prefix of each."""
        return mounts.served(router_of(obj))

    def templates(self, modules: Mapping[str, Any]) -> Sequence[str]:
        """Give the directories of Jinja2Templates and jinja2 environments that the modules hold."""
        return mounts.templates(modules) if "jinja2" in sys.modules else ()
