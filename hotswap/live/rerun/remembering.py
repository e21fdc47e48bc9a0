"""Before a statement runs: what it may mutate is remembered in the journal, so that a fault leaves no trace."""

from __future__ import annotations

import ast
import os
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING

from hotswap.live import registries
from hotswap.live.journal import MISSING
from hotswap.live.looking import class_dict, instance_dict, is_made

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.source.units import Unit


def remember(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> None:
    """Remember the objects that a statement mutates, or hands to what it calls."""
    for name in unit.scan.mutates | unit.scan.calls:
        value = swap.names.get(name, MISSING)
        if value is not MISSING and not isinstance(value, (type, ModuleType, FunctionType)):
            registries.snapshot(rerun.journal, value, rerun.seen)
        elif isinstance(value, type):
            _remember_class(rerun, value)
        elif type(value) is FunctionType:
            registries.snapshot_function(rerun.journal, value, rerun.seen)
        elif isinstance(value, ModuleType) and value.__name__ in rerun.tracker.loaded:
            rerun.journal.content(value.__dict__)
    for first, *parts in unit.scan.chains | unit.scan.called_chains:
        if first in unit.scan.mutates:
            _remember_parts(rerun, swap.names.get(first, MISSING), parts)
    for name, attribute in unit.scan.assigns:
        if attribute:
            _remember_attribute(rerun, swap.names.get(name, MISSING), attribute)
    for name in unit.scan.calls | unit.scan.decorators:
        value = swap.names.get(name)
        if type(value) is FunctionType and value.__globals__ is not swap.names:
            registries.snapshot_names(rerun.journal, value.__globals__, rerun.seen)
    if isinstance(unit.node, ast.ClassDef):
        for base in unit.node.bases:
            if isinstance(base, ast.Name) and isinstance(swap.names.get(base.id), type):
                for cls in swap.names[base.id].__mro__:
                    _remember_class(rerun, cls)


def _remember_parts(rerun: Rerun, value: object, parts: Iterable[str]) -> None:
    """Remember what a statement reaches through attributes: ``app.state.a = 1``, ``templates.env.filters[x] = y``."""
    for part in parts:
        names = instance_dict(value)
        value = names.get(part, MISSING) if names is not None else MISSING
        if value is MISSING or isinstance(value, (type, ModuleType, FunctionType)):
            return
        registries.snapshot(rerun.journal, value, rerun.seen)


def _remember_attribute(rerun: Rerun, value: object, name: str) -> None:
    """Remember an attribute of an object that keeps none in a dict: ``context.prec = 9`` (`decimal`, in C)."""
    if value is MISSING or isinstance(value, type) or instance_dict(value) is not None:
        return
    try:
        before = getattr(value, name)
    except Exception:  # noqa: BLE001 -- a property of anybody's: there is nothing to put back
        return
    rerun.journal.undo(lambda: setattr(value, name, before))


def remember_environment(rerun: Rerun, unit: Unit) -> None:
    """Before a statement runs that reaches for the environment: remember that as a whole."""
    if any("environ" in c or "putenv" in c for c in unit.scan.chains | unit.scan.called_chains) or (
        "environ" in unit.scan.reads
    ):
        before = dict(os.environ)

        def put_back() -> None:
            for key in [k for k in os.environ if k not in before]:
                del os.environ[key]
            for key, value in before.items():
                if os.environ.get(key) != value:
                    os.environ[key] = value

        rerun.journal.undo(put_back)


def _remember_class(rerun: Rerun, cls: type) -> None:
    if not is_made(cls) or id(cls) in rerun.seen:
        return
    rerun.seen.add(id(cls))
    own = dict(class_dict(cls))
    for value in own.values():
        if issubclass(type(value), registries.CONTAINERS):
            registries.snapshot(rerun.journal, value, rerun.seen, depth=0)

    def put_back() -> None:
        now = class_dict(cls)
        for name in [n for n in now if n not in own]:
            try:
                type.__delattr__(cls, name)
            except (AttributeError, TypeError):
                continue
        for name, value in own.items():
            if now.get(name, MISSING) is not value:
                try:
                    type.__setattr__(cls, name, value)
                except (AttributeError, TypeError):
                    continue

    rerun.journal.undo(put_back)
