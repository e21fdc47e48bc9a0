"""New bodies go into the live functions of the edited modules, and what copied them or was cached by them follows."""

from __future__ import annotations

import gc
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

from hotswap.live import patch
from hotswap.live.conformer import FITTED, conforming
from hotswap.live.looking import class_at, class_dict, instance_dict, owner_of
from hotswap.source import codes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hotswap.live.journal import Journal
    from hotswap.live.loaded import Loaded
    from hotswap.live.naming import Names
    from hotswap.live.planning import Planned
    from hotswap.live.rerun.state import ModuleSwap
    from hotswap.live.tracker import Tracker


def put_bodies(
    tracker: Tracker,
    planned: Planned,
    heap: patch.Heap,
    journal: Journal,
    codes_before: dict[int, CodeType],
) -> list[str]:
    """Give every live function of the edited modules its new code; give the notes for the report.

    Args:
        tracker: Prepares codes that are made to fit.
        planned: Which code follows which.
        heap: The live functions of these modules.
        journal: Takes every undo.
        codes_before: Gets id(function) -> the code it ran, of each function whose own bytecode changed.
    """
    changed: set[int] = set()
    documented: list[tuple[FunctionType, CodeType]] = []
    placed: dict[str, dict[str, list[CodeType]]] = {}
    text_of = {m.entry.filename: m for m in planned.modules}
    for function, code in heap.functions:
        plain = FITTED.get(id(code), (code, code))[1]
        new = planned.pairs.get(plain)
        moved = new is not None and plain is code and code not in planned.replaced
        if new is None:
            new = _by_place(function, code, text_of, planned.compiled, placed)
        if new is None:
            continue
        if moved or (codes.own(code) == codes.own(new) and code.co_freevars == new.co_freevars):
            journal.recode(function, new)
            if patch.set_docstring(function, code, new, journal):
                documented.append((function, code))
            continue
        if code.co_freevars != new.co_freevars:
            module = text_of[code.co_filename]
            owner = owner_of(module.names, new.co_qualname)
            made = conforming(module.text, new, code.co_freevars, owner)
            if made is None:
                continue
            original, new = new, tracker.prepared(made)
            FITTED[id(new)] = (new, original)
        codes_before[id(function)] = code
        patch.conform(function, code, new, journal)
        if patch.set_docstring(function, code, new, journal):
            documented.append((function, code))
        changed.add(id(function))
    for function, code in documented:
        _docstring_follows(function, code, text_of, journal)
    _copies_follow(documented, journal)
    for entry, old, new in planned.class_bodies:
        cls = class_at(entry.names, new.co_qualname)
        if cls is not None and _defined_in(cls, entry):
            patch.set_class_facts(cls, old, new, journal)
    cleared = patch.clear_caches(heap, changed) if changed else ()
    return [f"lru_cache of {name} cleared" for name in dict.fromkeys(cleared)]


def _by_place(
    function: FunctionType,
    code: CodeType,
    modules: Mapping[str, ModuleSwap],
    compiled: Mapping[str, CodeType],
    placed: dict[str, dict[str, list[CodeType]]],
) -> CodeType | None:
    """A function whose code is in neither compile (made by another compiler, or left stale): match it by place."""
    module = modules.get(code.co_filename)
    if module is None or id(code) in FITTED or codes.forwards(code):
        return None
    if function.__globals__ is not module.names:
        return None
    found = placed.get(code.co_filename)
    if found is None:
        found = placed[code.co_filename] = {}
        for new in codes.walk(compiled[module.text.filename]):
            found.setdefault(new.co_qualname, []).append(new)
    same = found.get(code.co_qualname, [])
    if len(same) != 1 or same[0] == code or code.co_name.startswith("<"):
        return None
    return same[0]


def _docstring_follows(
    function: FunctionType, old: CodeType, modules: Mapping[str, ModuleSwap], journal: Journal
) -> None:
    """Properties and wrappers copied the docstring when they were made: let them have the new one."""
    module = modules.get(old.co_filename)
    parts = old.co_qualname.split(".")
    if module is None or "<locals>" in parts:
        return
    owner = owner_of(module.names, old.co_qualname)
    holder: Mapping[str, Any] = class_dict(owner) if owner is not None else module.names
    value: Any = holder.get(parts[-1])
    before, after = codes.docstring(old), function.__doc__
    if type(value) is property and value.fget is function:
        prop: Any = value
        functions = (prop.fget, prop.fset, prop.fdel)
        was = prop.__doc__
        journal.undo(lambda: property.__init__(prop, *functions, was))
        property.__init__(prop, *functions)
        return
    seen = 0
    while value is not None and value is not function and seen < 20:
        inner = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
        namespace = instance_dict(inner)
        if (
            type(inner).__module__ in ("builtins", "functools")
            and getattr(inner, "__doc__", None) == before
        ):
            if type(inner) is FunctionType:
                journal.setattr(inner, "__doc__", after)
            elif namespace is not None and "__doc__" in namespace:
                journal.setitem(namespace, "__doc__", after)
        value = namespace.get("__wrapped__") if namespace is not None else None
        seen += 1


def _copies_follow(documented: list[tuple[FunctionType, CodeType]], journal: Journal) -> None:
    """Let functions that `functools.wraps` made look like others, in whichever file, have their docstrings."""
    was = {id(function): codes.docstring(old) for function, old in documented}
    namespaces = [
        namespace
        for namespace in (gc.get_referrers(*[f for f, _ in documented]) if documented else ())
        if type(namespace) is dict and id(namespace.get("__wrapped__")) in was
    ]
    for wrapper in gc.get_referrers(*namespaces) if namespaces else ():
        wrapped = wrapper.__dict__.get("__wrapped__") if type(wrapper) is FunctionType else None
        if wrapped is not None and id(wrapped) in was and wrapper.__doc__ == was[id(wrapped)]:
            journal.setattr(wrapper, "__doc__", wrapped.__doc__)


def code_registries_follow(names: Names, planned: Planned, journal: Journal) -> None:
    """Sets, lists and dicts of code objects (jinja's `internal_code`) follow.

    What a statement compiled alone put there becomes the whole-file compile's code; codes of what is gone go.
    """
    found = [
        value
        for _, _, value in names.of(set, list, dict)
        if value and type(next(iter(value))) is CodeType
    ]
    if not found:
        return
    whole = {name: set(codes.walk(code)) for name, code in planned.compiled.items()}
    places = {_place(c): c for made in whole.values() for c in made}

    def current(code: Any) -> Any:
        if type(code) is not CodeType or code.co_filename not in whole:
            return code
        if code in whole[code.co_filename]:
            return code
        return planned.pairs.get(code) or places.get(_place(code))

    for value in found:
        followed = [current(c) for c in value]
        if followed == list(value):
            continue
        journal.content(value)
        if type(value) is list:
            value[:] = [c for c in followed if c is not None]
        elif type(value) is set:
            value.clear()
            value.update(c for c in followed if c is not None)
        else:
            items = zip(followed, list(value.values()), strict=True)
            kept = {c: v for c, v in items if c is not None}
            value.clear()
            value.update(kept)


def _defined_in(cls: type, entry: Loaded) -> bool:
    """Say whether a class is a module's own, though someone told it another `__module__` (httpx does)."""
    if cls.__module__ == entry.names.get("__name__"):
        return True
    own = type.__dict__["__dict__"].__get__(cls).values()
    return any(type(v) is FunctionType and v.__code__.co_filename == entry.filename for v in own)


def _place(code: CodeType) -> tuple[str, str, int]:
    return (code.co_filename, code.co_qualname, code.co_firstlineno)
