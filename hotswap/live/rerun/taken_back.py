"""What a statement put into an app's own state goes with the statement: ``app.dependency_overrides[dep] = other``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from hotswap.live.adapters.base import Refused
from hotswap.live.journal import MISSING
from hotswap.live.rerun.fillers import adapter_of

if TYPE_CHECKING:
    from hotswap.live.rerun.state import ModuleSwap, Rerun
    from hotswap.source.units import Unit


def take_back(rerun: Rerun, swap: ModuleSwap, unit: Unit) -> None:
    """Take out the items and the attributes that a statement which is gone had set, each under its journal.

    Only in state that is empty when the app is made: elsewhere something else may have stood there before, as the
    defaults in Flask's ``config``.

    Args:
        rerun: The statements of the batch.
        swap: The statement's module.
        unit: The statement.

    Raises:
        Refused: It is no assignment (``app.state.jobs.append(1)``), or set something further inside
            (``app.state.db.echo = True``): nobody knows what there was before.
    """
    if not isinstance(unit.node, ast.Assign):
        raise Refused(
            f"line {unit.line} of {swap.name} is gone: what it did to an app's state cannot be undone"
        )
    set_still = {
        ast.dump(target)
        for step in swap.steps
        if not step.is_guard and isinstance(step.unit.node, ast.Assign)
        for target in step.unit.node.targets
    }
    for target in unit.node.targets:
        if ast.dump(target) in set_still:
            continue
        if isinstance(target, (ast.Attribute, ast.Subscript)) and not _began_empty(
            rerun, swap, target.value
        ):
            raise Refused(
                f"line {unit.line} of {swap.name} is gone: "
                f"what it set inside of {ast.unparse(target.value)} cannot be undone"
            )
        _take_out(rerun, swap, target)


def _began_empty(rerun: Rerun, swap: ModuleSwap, node: ast.expr) -> bool:
    """Say whether an expression is spelled ``app.state``, and that held nothing when the app was made."""
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
        return False
    adapter = adapter_of(rerun, swap.names.get(node.value.id))
    return adapter is not None and node.attr in adapter.begins_empty


def _take_out(rerun: Rerun, swap: ModuleSwap, target: ast.expr) -> None:
    if isinstance(target, ast.Subscript):
        holder, key = _value(swap, target.value), _value(swap, target.slice)
        if isinstance(holder, dict) and key is not MISSING and key in holder:
            rerun.journal.content(holder)
            del holder[key]
            rerun.refill.taken_back = True
    elif isinstance(target, ast.Attribute):
        holder = _value(swap, target.value)
        before = getattr(holder, target.attr, MISSING)
        if holder is not MISSING and before is not MISSING:
            rerun.journal.undo(lambda: setattr(holder, target.attr, before))
            delattr(holder, target.attr)
            rerun.refill.taken_back = True


def _value(swap: ModuleSwap, node: ast.expr) -> Any:
    """Give what a name, an attribute of one, or a constant is now; `MISSING` for all that would have to run."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return swap.names.get(node.id, MISSING)
    if isinstance(node, ast.Attribute):
        holder = _value(swap, node.value)
        return getattr(holder, node.attr, MISSING) if holder is not MISSING else MISSING
    return MISSING
