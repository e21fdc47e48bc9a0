"""Live instances of a class whose `__init__` assigns more than before.

``self.x = <literal or empty container>`` is given to each live instance that lacks ``x``, fresh for each. Anything else
is named in the report, unless a function registered with `hotswap.migrate` fills it.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hotswap import hooks
from hotswap.live import patch
from hotswap.live.journal import MISSING
from hotswap.live.looking import class_dict, instance_dict
from hotswap.source.model import Stale
from hotswap.source.nodes import defaults_of, parameters_of
from hotswap.source.units import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from hotswap.live.journal import Journal
    from hotswap.live.loaded import Loaded
    from hotswap.source.units import Unit

EMPTY: Final[Mapping[str, Callable[[], Any]]] = {
    "list": list,
    "dict": dict,
    "set": set,
    "tuple": tuple,
    "frozenset": frozenset,
    "bytearray": bytearray,
    "bytes": bytes,
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
}
NO_PARAMETERS: Final = ast.arguments(
    posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[]
)


class HookRaised(Exception):
    """A function registered with hotswap raised. `__cause__` is what it raised."""

    def __init__(self, what: str, function: Any, error: BaseException) -> None:
        super().__init__(
            f"{what} {getattr(function, '__qualname__', function)} raised {type(error).__name__}: {error}"
        )
        self.error = error


@dataclass(slots=True)
class Gained:
    """What a class's instances have since the edit."""

    cls: type
    qualname: str
    path: str
    line: int
    literals: dict[str, ast.expr] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)
    """Attribute -> line."""
    defaults: dict[str, ast.expr] = field(default_factory=dict)
    """Attribute -> the literal that it was given before, where the edit gives another."""
    made: list[str] = field(default_factory=list)
    """Attributes that are made otherwise now, and not of a literal."""


def gained(old: Unit | None, new: Unit, cls: type, path: str) -> list[Gained]:
    """Compare what two versions of a class assign on `self`, nested classes included; without `old`, give all."""
    found: list[Gained] = []
    model = "__pydantic_fields__" in class_dict(cls)
    before = assigned(old, model) if old is not None else {}
    after = assigned(new, model)
    result = Gained(cls, cls.__qualname__, path, new.line)
    known = parameters_of(init_of(old)) if old is not None else set()
    fresh = {n: value for n, value in defaults_of(init_of(new)).items() if n not in known}
    for name, (value, line) in after.items():
        if name in before:
            was = before[name][0]
            if was is not None and value is not None and ast.dump(was) != ast.dump(value):
                if literal(was):
                    result.defaults[name] = was
                else:
                    result.made.append(name)
            continue
        if value is not None and old is not None:
            value = _untold(value, fresh)  # noqa: PLW2901 - what it comes to
        if value is not None and literal(value):
            result.literals[name] = value
        else:
            result.others[name] = line
    if result.literals or result.others or result.defaults or result.made:
        found.append(result)
    olds = {m.name: m for m in old.members if m.kind == "class"} if old is not None else {}
    for member in new.members:
        inner = class_dict(cls).get(member.name) if member.kind == "class" else None
        if isinstance(inner, type) and (old is None or member.name in olds):
            found += gained(olds.get(member.name), member, inner, path)
    return found


def _untold(value: ast.expr, fresh: Mapping[str, ast.expr]) -> ast.expr:
    """Give what an expression comes to where nothing was given for parameters that are new and have a default.

    ``self.color = color``, ``self.tags = tags or []``: no live instance was told another colour, or other tags.
    """
    if isinstance(value, ast.Name):
        return fresh.get(value.id, value)
    if isinstance(value, ast.BoolOp) and isinstance(value.op, ast.Or):
        for part in value.values:
            told = _untold(part, fresh)
            if not literal(told):
                return value
            if make(told) or part is value.values[-1]:
                return told
    if isinstance(value, ast.IfExp) and isinstance(value.test, ast.Compare):
        match value.test:
            case ast.Compare(ast.Name(name), [ast.Is() | ast.IsNot() as op], [ast.Constant(None)]):
                given = fresh.get(name)
                if isinstance(given, ast.Constant):
                    yes = (given.value is None) is isinstance(op, ast.Is)
                    return _untold(value.body if yes else value.orelse, fresh)
    return value


def init_of(unit: Unit) -> ast.arguments:
    """Give the parameters of the `__init__` that a class statement defines; none when there is none."""
    found = [m for m in unit.members if m.kind == "def" and m.name == "__init__"]
    return found[-1].definition.args if found else NO_PARAMETERS


def complete(entries: Iterable[Loaded], journal: Journal) -> tuple[list[str], list[Stale]]:
    """Give instances that came from another process image what the classes of these modules assign by now.

    Returns:
        As `fill`.
    """
    gains: list[Gained] = []
    for entry in entries:
        for unit in Text(entry.filename, entry.data).units:
            cls = entry.names.get(unit.name) if unit.kind == "class" else None
            if isinstance(cls, type) and cls.__module__ == entry.names.get("__name__"):
                gains += gained(None, unit, cls, entry.path)
    return fill(gains, journal, set(), migrate=False)


def assigned(unit: Unit, model: bool = False) -> dict[str, tuple[ast.expr | None, int]]:
    """Give the attributes that `__init__` (or a dataclass field) puts on each instance, and its literal, if any."""
    found: dict[str, tuple[ast.expr | None, int]] = {}
    node = unit.node
    assert isinstance(node, ast.ClassDef)
    decorators = {d.split("(")[0].rpartition(".")[2] for d in map(ast.unparse, node.decorator_list)}
    if model or decorators & {"dataclass", "define", "attrs", "s", "mutable"}:
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                if "ClassVar" in ast.dump(statement.annotation) or "InitVar" in ast.dump(
                    statement.annotation
                ):
                    continue
                found[statement.target.id] = (_field_default(statement.value), statement.lineno)
    for function in node.body:
        if (
            not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
            or function.name != "__init__"
        ):
            continue
        if not function.args.args and not function.args.posonlyargs:
            continue
        me = [*function.args.posonlyargs, *function.args.args][0].arg
        top = {id(s) for s in function.body}
        for inner in (n for n in ast.walk(function) if isinstance(n, ast.stmt)):
            targets: list[ast.expr] = []
            value: ast.expr | None = None
            if isinstance(inner, ast.Assign):
                targets, value = inner.targets, inner.value
            elif isinstance(inner, ast.AnnAssign) and inner.value is not None:
                targets, value = [inner.target], inner.value
            for target, given in (pair for one in targets for pair in _pairs(one, value)):
                if (
                    isinstance(target, ast.Attribute)
                    and isinstance(target.value, ast.Name)
                    and target.value.id == me
                ):
                    sure = given if id(inner) in top and target.attr not in found else None
                    found[target.attr] = (sure, inner.lineno)
    return found


def _pairs(target: ast.expr, value: ast.expr | None) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """Give each target of an assignment with its own value, as far as the text tells: ``self.a, self.b = 1, []``."""
    if not isinstance(target, (ast.Tuple, ast.List)):
        yield target, value
        return
    values: list[ast.expr | None] = [None] * len(target.elts)
    if isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(values):
        if not any(isinstance(part, ast.Starred) for part in (*target.elts, *value.elts)):
            values = list(value.elts)
    for part, given in zip(target.elts, values, strict=True):
        yield from _pairs(part, given)


def _field_default(value: ast.expr | None) -> ast.expr | None:
    if isinstance(value, ast.Call):
        for keyword in value.keywords:
            if keyword.arg in ("default_factory", "factory") and isinstance(
                keyword.value, ast.Name
            ):
                return ast.copy_location(ast.Call(keyword.value, [], []), value)
            if keyword.arg == "default":
                return keyword.value
        return None
    return value


def literal(node: ast.expr) -> bool:
    """Say whether an expression is a literal, a display of literals, or an empty built-in container."""
    if isinstance(node, ast.Call):
        return (
            isinstance(node.func, ast.Name)
            and node.func.id in EMPTY
            and not node.args
            and not node.keywords
        )
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def make(node: ast.expr) -> Any:
    """Make a fresh value of a literal."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return EMPTY[node.func.id]()
    return ast.literal_eval(node)


def has(instance: Any, name: str) -> bool:
    """Say whether an instance has an attribute, without running any of its code."""
    namespace = instance_dict(instance)
    if namespace is not None and name in namespace:
        return True
    for cls in type(instance).__mro__:
        value = class_dict(cls).get(name, MISSING)
        if value is MISSING:
            continue
        if type(value).__name__ == "member_descriptor":
            try:
                object.__getattribute__(instance, name)
            except AttributeError:
                return False
        return True
    return False


def heirs(cls: type) -> set[type]:
    """Give a class and the subclasses that use its `__init__` or call it."""
    found = {cls}
    stack = [cls]
    while stack:
        children: list[type] = type.__subclasses__(stack.pop())
        for child in children:
            if child not in found:
                found.add(child)
                stack.append(child)
    return found


def fill(
    gains: list[Gained], journal: Journal, shaped: set[type], *, migrate: bool = True
) -> tuple[list[str], list[Stale]]:
    """Give live instances what they lack; call migrations; name what is still missing.

    Returns:
        Notes, and a `Stale` row for each attribute that live instances lack.

    Raises:
        HookRaised: A migration raised.
    """
    classes = {heir for g in gains for heir in heirs(g.cls)}
    migrating = shaped | {g.cls for g in gains} if migrate else ()
    migrations = {c: f for c in migrating if (f := _migration(c)) is not None}
    for cls in migrations:
        classes |= heirs(cls)
    living = patch.instances_of(classes)
    notes: list[str] = []
    for g in gains:
        notes += _give(g, living, journal)
        notes += _keeping(g, living)
    for cls, function in migrations.items():
        _migrate(cls, function, [i for heir in heirs(cls) for i in living[heir]], journal, notes)
    stale = []
    for g in gains:
        for name, line in g.others.items():
            lacking = sum(not has(i, name) for cls in heirs(g.cls) for i in living[cls])
            if lacking:
                noun = g.qualname if lacking == 1 else f"{g.qualname}s"
                verb = "lacks" if lacking == 1 else "lack"
                reason = (
                    f"{lacking} {noun} {verb} .{name}; @hotswap.migrate({g.qualname}) can fill it"
                )
                stale.append(
                    Stale(f"{g.qualname}.{name}", "attribute", reason, g.path, line, lacking)
                )
    return notes, stale


def give(gains: list[Gained], journal: Journal) -> list[str]:
    """Give live instances what they lack and can get without asking anybody, before statements run that may use it."""
    gains = [g for g in gains if g.literals]
    if not gains:
        return []
    living = patch.instances_of({heir for g in gains for heir in heirs(g.cls)})
    return [note for g in gains for note in _give(g, living, journal)]


def _give(g: Gained, living: Mapping[type, list[Any]], journal: Journal) -> list[str]:
    notes = []
    for name, value in g.literals.items():
        count = 0
        for cls in heirs(g.cls):
            for instance in living[cls]:
                if not has(instance, name):
                    try:
                        journal.setattr(instance, name, make(value))
                    except (AttributeError, TypeError):
                        g.others[name] = g.line
                        continue
                    count += 1
        if count:
            notes.append(f"{count} live {g.qualname} got .{name} = {ast.unparse(value)}")
    return notes


def _keeping(g: Gained, living: Mapping[type, list[Any]]) -> list[str]:
    """Name the instances that hold on to a default which the edit changed: instances are state."""
    notes = []
    for name, was in g.defaults.items():
        old = make(was)
        held = [
            namespace[name]
            for heir in heirs(g.cls)
            for instance in living[heir]
            if (namespace := instance_dict(instance)) is not None and name in namespace
        ]
        count = sum(type(value) is type(old) and value == old for value in held)
        if count:
            verb = "keeps" if count == 1 else "keep"
            notes.append(f"{count} live {g.qualname} {verb} .{name} = {ast.unparse(was)}")
    for name in g.made:
        everyone = [one for heir in heirs(g.cls) for one in living[heir]]
        count = sum(has(instance, name) for instance in everyone)
        if count:
            verb = "keeps" if count == 1 else "keep"
            notes.append(f"{count} live {g.qualname} {verb} .{name} as it was made")
    return notes


def _migration(cls: type) -> Any:
    return hooks.runtime.migrations.get((cls.__module__, cls.__qualname__))


def _migrate(
    cls: type, function: Any, instances: list[Any], journal: Journal, notes: list[str]
) -> None:
    for instance in instances:
        namespace = instance_dict(instance)
        if namespace is not None:
            journal.content(namespace)
        try:
            function(instance)
        except Exception as error:
            raise HookRaised("migration", function, error) from error
    if instances:
        notes.append(
            f"{len(instances)} live {cls.__qualname__} migrated by {function.__qualname__}"
        )
