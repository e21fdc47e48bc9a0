"""Flask and Quart apps and blueprints follow edits in place.

View functions, hooks and error handlers are kept by endpoint, scope and code in nested dicts; the URL map in a state
machine that only grows, so it is built anew. ``config`` and ``extensions`` are the app's state.
"""

from __future__ import annotations

import sys
import types
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hotswap.live.adapters import entries, mounts
from hotswap.live.adapters.base import Adapter, Refused
from hotswap.live.adapters.identity import put, remember, share, stand_in, take
from hotswap.live.journal import MISSING
from hotswap.live.looking import content

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import CodeType

    from hotswap.live.adapters.base import Ran
    from hotswap.live.adapters.entries import Key
    from hotswap.live.journal import Journal

STARTED: Final = ("_got_first_request", "_got_registered_once")
"""Flags after which Flask refuses new entries."""
RAN_AT_START: Final = ("before_serving_funcs", "while_serving_gens", "before_first_request_funcs")
"""Quart's and older Flask's functions that have run already."""


DERIVED: Final = frozenset({"jinja_env", "jinja_loader"})
"""Cached properties that Flask makes of the rest."""
FRAMEWORK: Final = frozenset({"click", "flask", "quart", "jinja2", "werkzeug"})


@dataclass(slots=True)
class Token:
    """An app or blueprint as it was."""

    flags: dict[str, bool]
    rules: list[Any]
    views: dict[str, Any]
    deferred: list[Any]
    started: list[Key]
    prepared: set[tuple[str, str]] = field(default_factory=set)
    """Definitions whose entries have been taken out already."""


class FlaskAdapter(Adapter):
    """Routes, blueprints, request hooks, error handlers, template filters and CLI commands."""

    module = "flask.sansio.app"
    state = frozenset({"config", "extensions", "logger"})

    def __init__(self) -> None:
        from flask.sansio.app import App
        from flask.sansio.blueprints import Blueprint

        self._apps: tuple[type, ...] = (App,)
        self._types: tuple[type, ...] = (App, Blueprint)
        self._caught: Callable[[str, BaseException], None]
        self._heard: dict[str, object] = {}
        """By framework: what listens to its exceptions."""

    def owns(self, obj: object) -> bool:
        """Say whether `obj` is an app or a blueprint."""
        return issubclass(type(obj), self._types)

    def copies(self, obj: Any = None) -> bool:
        """A blueprint's deferred functions write into the app when it is registered."""
        return not issubclass(type(obj), self._apps)

    def refusal(self, obj: Any, replaced: Mapping[CodeType, CodeType]) -> str:
        """What Quart ran before serving has run."""
        for function in _started(obj):
            code = getattr(function, "__code__", None)
            if code is not None and code in replaced:
                return f"{code.co_qualname} has run already, before the app began to serve"
        return ""

    def checkpoint(self, obj: Any, journal: Journal) -> Token:
        """Remember everything, two levels deep, and let a running app take new entries."""
        own = vars(obj)
        rules = _rules(own["url_map"]) if "url_map" in own else []
        if "url_map" in own:
            url_map = own["url_map"]
            by_endpoint = {endpoint: list(r) for endpoint, r in url_map._rules_by_endpoint.items()}
            journal.undo(lambda: _set_rules(url_map, by_endpoint))
        remember(own, journal)
        for _, container in _containers(obj):
            journal.content(container)
        flags = {name: own[name] for name in STARTED if name in own}
        for name in flags:
            own[name] = False
        return Token(
            flags,
            rules,
            dict(own.get("view_functions", {})),
            list(own.get("deferred_functions", ())),
            [entries.made_by(function) for function in _started(obj)],
        )

    def in_place(self, obj: Any, token: Token, ran: Ran) -> bool:
        """Take the changed definitions' entries out; they come again when the definitions run."""
        names = [name for name in ran.order if name]
        if len(set(names)) != len(names):
            return False
        gone = {(ran.module, name) for name in (*ran.ran, *ran.removed)} - token.prepared
        token.prepared |= gone
        for _, container in _containers(obj):
            if type(container) is list:
                container[:] = [entry for entry in container if _key(entry) not in gone]
            else:
                for name in [name for name, entry in container.items() if _key(entry) in gone]:
                    del container[name]
        return True

    def reset(self, obj: Any) -> None:
        """Leave what the framework put in: the static route."""
        _refuse_extensions(obj)
        for name, container in _containers(obj):
            if type(container) is list:
                container[:] = [e for e in container if not _of_user(e)]
            elif name != "blueprints":
                put(container, {k: e for k, e in container.items() if not _of_user(e)})
            else:
                container.clear()

    def adopt(self, old: Any, new: Any, token: Token, journal: Journal) -> None:
        """Take over what the constructor made; extensions stay, the template environment is made anew."""
        if type(old) is not type(new):
            raise Refused(f"{type(old).__name__} became {type(new).__name__}")
        _refuse_extensions(old)
        take(old, new, state=self.state, drop=DERIVED.__contains__)
        share(old, new)
        stand_in(old, new, journal, beside={id(token)})
        for name in token.flags:
            vars(old)[name] = False

    def settle(self, obj: Any, token: Token, ran: Ran) -> bool:
        """Build the URL map of the rules that are left and those that came, in file order of the hooks."""
        own = vars(obj)
        own.update(token.flags)
        if "url_map" in own:
            gone = set() if ran.replayed else token.prepared
            before = {id(rule) for rule in token.rules}
            rules = [
                rule
                for rule in _rules(own["url_map"])
                if id(rule) not in before or _key(token.views.get(rule.endpoint)) not in gone
            ]
            if ran.replayed:
                known = set(own["view_functions"])
                rules = [r for r in rules if id(r) not in before or r.endpoint in known]
            by_endpoint: dict[str, list[Any]] = {}
            for rule in rules:
                by_endpoint.setdefault(rule.endpoint, []).append(rule)
            _set_rules(own["url_map"], by_endpoint)
        if not ran.replayed:
            _order(obj, ran)
        if [entries.made_by(function) for function in _started(obj)] != token.started:
            raise Refused(
                "functions that run before serving changed; the old ones have run already"
            )
        return [id(d) for d in own.get("deferred_functions", ())] != [id(d) for d in token.deferred]

    def report(self, caught: Callable[[str, BaseException], None]) -> None:
        """Listen to the signal of each of the two: both answer an exception with a page of their own."""
        self._caught = caught
        for name in ("flask", "quart"):
            framework: Any = sys.modules.get(name)
            if framework is None or name in self._heard:
                continue

            def hear(_: object, exception: BaseException, framework: Any = framework) -> None:
                request = framework.request
                self._caught(request.script_root + request.path, exception)

            self._heard[name] = hear  # a signal holds its receivers weakly
            framework.got_request_exception.connect(hear)

    def served(self, obj: Any) -> Sequence[tuple[str, str]]:
        """Give the static folders of the app and its blueprints."""
        found = []
        for scaffold in (obj, *vars(obj).get("blueprints", {}).values()):
            if getattr(scaffold, "has_static_folder", False) and scaffold.static_url_path:
                prefix = "" if scaffold is obj else vars(scaffold).get("url_prefix") or ""
                path = (prefix + scaffold.static_url_path).rstrip("/") + "/"
                found.append((path, str(scaffold.static_folder)))
        return found

    def templates(self, modules: Mapping[str, Any]) -> Sequence[str]:
        """Give the template folders of apps and blueprints that the modules hold."""
        import os

        found = dict.fromkeys(mounts.templates(modules))
        for module in modules.values():
            for value in list(vars(module).values()):
                if self.owns(value) and value.template_folder is not None:
                    found.setdefault(os.path.join(value.root_path, value.template_folder))
        return list(found)


def _key(entry: Any) -> Key:
    """Say which definition a view, a hook, a command or a blueprint's deferred function stems from."""
    function = _function(entry)
    return entries.made_by(function) if function is not None else None


def _function(entry: Any) -> Any:
    """Find the user's function in an entry; a deferred one holds it in a closure. Proxies are not asked."""
    if type(entry) is types.FunctionType:
        if entry.__module__.partition(".")[0] not in FRAMEWORK:
            return entry
        for cell in entry.__closure__ or ():
            held = content(cell)
            if held is not MISSING and _of_user(held):
                return held
        return None
    if type(entry).__module__.partition(".")[0] in FRAMEWORK:
        own = getattr(type(entry), "__dictoffset__", 0) and object.__getattribute__(
            entry, "__dict__"
        )
        return own.get("callback") if own else None
    return entry


def _of_user(entry: Any) -> bool:
    """Say whether a function, or one in an entry, was not written by the framework."""
    if type(entry) is not types.FunctionType:
        entry = entry if issubclass(type(entry), type) else _function(entry)
    key = entries.made_by(entry) if entry is not None else None
    return key is not None and key[0].partition(".")[0] not in FRAMEWORK


def _containers(obj: Any) -> Iterator[tuple[str, Any]]:
    """Give the lists and dicts, at any depth, in which a scaffold keeps functions, innermost first."""
    own = vars(obj)
    places: list[tuple[str, Any]] = [
        (name, value)
        for name, value in own.items()
        if name not in FlaskAdapter.state and name != "import_name"
    ]
    environment = own.get("jinja_env")
    if environment is not None:
        places += [(name, vars(environment)[name]) for name in ("filters", "tests", "globals")]
    cli = own.get("cli")
    if cli is not None:
        places.append(("commands", vars(cli)["commands"]))
    for name, value in places:
        yield from _nested(name, value, 0)


def _nested(name: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if issubclass(type(value), dict):
        if depth < 3:
            for inner in list(value.values()):
                if issubclass(type(inner), (dict, list)):
                    yield from _nested(name, inner, depth + 1)
        yield name, value
    elif type(value) is list:
        yield name, value


def _started(obj: Any) -> list[Any]:
    return [function for name in RAN_AT_START for function in vars(obj).get(name, ())]


def _order(obj: Any, ran: Ran) -> None:
    """Put hooks of this module's definitions into file order: they are called in the order of their lists."""
    rank = {name: place for place, name in enumerate(ran.order) if name}
    for _, container in _containers(obj):
        if type(container) is not list:
            continue
        keys = [_key(entry) for entry in container]
        mine = [k is not None and k[0] == ran.module and k[1] in rank for k in keys]
        places = [place for place, is_mine in enumerate(mine) if is_mine]
        ordered = sorted(
            (container[place] for place in places), key=lambda e: rank[(_key(e) or ("", ""))[1]]
        )
        for place, entry in zip(places, ordered, strict=True):
            container[place] = entry


def _rules(url_map: Any) -> list[Any]:
    return [rule for rules in url_map._rules_by_endpoint.values() for rule in rules]


def _set_rules(url_map: Any, by_endpoint: dict[str, list[Any]]) -> None:
    """Give a werkzeug ``Map`` exactly these rules; its state machine is made anew and put in at once."""
    matcher = type(url_map._matcher)(url_map._matcher.merge_slashes)
    for rules in by_endpoint.values():
        for rule in rules:
            if not rule.build_only:
                matcher.add(rule)
    matcher.update()
    url_map._rules_by_endpoint = by_endpoint
    url_map._matcher = matcher
    url_map._remap = True


def _refuse_extensions(obj: Any) -> None:
    """An extension hooked itself into the app when it was made; nothing but a fresh process does that again."""
    extensions = vars(obj).get("extensions")
    if extensions:
        raise Refused(f"the app carries extensions ({', '.join(sorted(map(str, extensions)))})")
