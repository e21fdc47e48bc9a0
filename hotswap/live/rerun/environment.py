"""Variables that a statement had set and no longer sets: what was there before the program did shows again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hotswap.live.rerun.outside import see_variables
from hotswap.live.why import Kind, Why
from hotswap.source.variables import settings_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.source.plan import Step
    from hotswap.source.units import Unit
    from hotswap.source.variables import Setting


def give_back(rerun: Rerun, swap: ModuleSwap, old: Unit) -> bool:
    """Put back the variables that a statement which is gone, or was changed, had set; True when it set any.

    A variable that the program has set to something else since is left alone. `setdefault`s of it that did nothing,
    because it was set, run again.

    Args:
        rerun: The statements of the batch.
        swap: The statement's module.
        old: The statement as it ran.
    """
    if "environ" not in old.segment:
        return False
    settings = settings_in(old.node)
    for setting in settings:
        name = setting.name
        setters = list(_setters(rerun, swap, name))
        if any(not one.yields for _, _, one in setters):
            continue  # set again, and over whatever is there
        now, before = os.environ.get(name), rerun.tracker.variable_before(name)
        if now == before or (setting.value is not None and now != setting.value):
            continue
        _put(rerun, name, before)
        for other, step, _ in setters:
            if step.verdict != "run":
                other.forced[id(step.unit)] = Why(Kind.READS, f"{name} of the environment")
    return bool(settings)


def _setters(
    rerun: Rerun, swap: ModuleSwap, name: str
) -> Iterator[tuple[ModuleSwap, Step, Setting]]:
    """Give the statements that set a variable now, in the modules of the swap."""
    for other in [swap, *(one for one in rerun.swaps.values() if one is not swap)]:
        for step in other.steps:
            if not step.is_guard and "environ" in step.unit.segment:
                for setting in settings_in(step.unit.node):
                    if setting.name == name:
                        yield other, step, setting


def _put(rerun: Rerun, name: str, value: str | None) -> None:
    before = os.environ.get(name)
    rerun.journal.undo(lambda: _set(name, before))
    _set(name, value)
    rerun.refill.taken_back = True
    rerun.notes.append(f"{name} of the environment is as it was before the program set it")
    see_variables(rerun, {name})


def _set(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
