"""Two versions of a script to the code that makes the one that runs into the other, in place. PURE.

As in Flutter: functions and literal constants follow the source, what was worked out or gathered since (``let``
initialisers, instances, listeners) is state and stays. Whatever would need the top level to run again is ``rerun``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from hotswap.web.javascript.classes import compare_class
from hotswap.web.javascript.draft import Draft, Patch, Rerun, check_parameters
from hotswap.web.javascript.elements import redrawn
from hotswap.web.javascript.reach import LIVE, TOP, reach, spent
from hotswap.web.javascript.rewrite import function_source, plain_meta, unit_source
from hotswap.web.javascript.tree import is_literal, mentions, text, walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from tree_sitter import Node

    from hotswap.web.javascript.linking import Importer
    from hotswap.web.javascript.model import Module, Unit


def diff(
    old: Module,
    new: Module,
    url: str,
    record: str,
    *,
    importers: Sequence[Importer] = (),
    elsewhere: Iterable[str] = (),
    closed: bool = False,
    classic: bool = False,
) -> Patch:
    """Say how a page that runs `old` comes to run `new`.

    Args:
        url: Named in stack traces of the patched functions.
        record: The variable that holds the module's record (``rewrite.record_name``).
        importers: The modules known to use this one.
        elsewhere: Names that may be used by code we do not look into (other classic scripts).
        closed: Nobody else uses what it exports.
        classic: Whether the script shares the page's global scope.
    """
    if new.fault is not None:
        return Patch("fault", fault=new.fault)
    if old.digest == new.digest:
        return Patch("none")
    draft = Draft(record)
    try:
        _compare(old, new, draft)
        _check_spent(new, draft, importers, elsewhere, closed=closed, classic=classic)
    except Rerun as reason:
        return Patch("rerun", why=str(reason))
    if not draft.parts and not draft.imports:
        mode: Literal["none", "patch"] = "patch" if draft.kept else "none"
        return Patch(mode, kept=tuple(draft.kept), removed=tuple(draft.removed))
    again, anew, drawn = redrawn(new, draft.changed)
    return Patch(
        "patch",
        code=_assemble(draft, url, new.digest),
        changed=tuple(draft.changed),
        added=tuple(draft.added),
        removed=tuple(draft.removed),
        kept=tuple(dict.fromkeys(draft.kept)),
        spent=tuple(draft.spent),
        redrawn=tuple(again),
        built=tuple(anew),
        left=tuple(pair for pair in draft.left.items() if pair[0] not in drawn),
        imports=tuple(draft.imports),
    )


def _compare(old: Module, new: Module, draft: Draft) -> None:
    if old.fault is not None:
        raise Rerun("the version before did not parse")
    if old.duplicate or new.duplicate:
        raise Rerun(f"{new.duplicate or old.duplicate} is declared twice")
    if old.is_module and not new.is_module:
        raise Rerun("it is no module any more")
    if not old.is_module and new.root is not None and _uses_meta(new.root):
        raise Rerun("it uses import.meta now")
    _compare_statements(old, new)
    _compare_imports(old, new, draft)
    added = [name for name in new.units if name not in old.units]
    draft.moved.update(added)
    _check_removed(old, new)
    for number, statement in enumerate(new.statements):
        if _compare_group(f"@{number}", old, new, draft):
            draft.changed.append(f"callback at line {statement.start_point[0] + 1}")
    for name, unit in new.units.items():
        if name in old.units:
            _compare_unit(old.units[name], unit, old, new, draft)
        else:
            _add_unit(unit, new, draft)
    draft.removed += [name for name in old.units if name not in new.units]
    _check_dependents(old, new, draft)


def _uses_meta(root: Node) -> bool:
    return any(n.type == "meta_property" and text(n) == "import.meta" for n in walk(root))


def _compare_statements(old: Module, new: Module) -> None:
    """Whatever the top level runs must be the same, in the same order, but for the functions in it that live on."""
    for number, node in enumerate(new.statements):
        before = old.groups.get(f"@{number}")
        if before is None or not before.same_shape(new.groups[f"@{number}"]):
            raise Rerun(f"the statement at line {node.start_point[0] + 1} changed")
    if len(old.statements) > len(new.statements):
        raise Rerun("a top-level statement was removed")


def _compare_imports(old: Module, new: Module, draft: Draft) -> None:
    known = {(i.source, name) for i in old.imports for name in i.names or ()}
    sources = {imported.source for imported in old.imports}
    locals_before = {name[1] for i in old.imports for name in i.names or ()}
    for imported in new.imports:
        if imported.names is None:
            continue  # a re-export is a statement, and has been compared
        if not imported.names and imported.source not in sources:
            draft.imports.append((imported.source, ""))
        for name in imported.names:
            if (imported.source, name) in known:
                continue
            if imported.attributes:
                raise Rerun(f"{name[1]} is imported with attributes")
            draft.imports.append((imported.source, name[0]))
            wanted = f"{json.dumps(imported.source)},{json.dumps(name[0])}"
            draft.parts.append((-1, f"const {name[1]}={draft.record}.imported({wanted});"))
            draft.parts.append((-1, _exposed(name[1], draft.record)))
            draft.moved.add(name[1])
            if name[1] in locals_before or name[1] in old.units:
                draft.changed.append(name[1])


def _check_removed(old: Module, new: Module) -> None:
    """What was removed but is still used must fail, or mean the global of that name, as it would on a fresh load."""
    bound = set(new.units) | {name[1] for i in new.imports for name in i.names or ()}
    gone = {name[1] for i in old.imports for name in i.names or ()} | set(old.units)
    gone -= bound | {"default"}
    if gone and new.root is not None:
        used = gone & mentions(new.root)
        if used:
            raise Rerun(f"{min(used)} was removed but is still used")


def _compare_group(name: str, old: Module, new: Module, draft: Draft) -> bool:
    """Take over the lasting functions of a statement or initialiser of one shape; True when one was."""
    changed = False
    pairs = zip(old.groups[name].functions, new.groups[name].functions, strict=True)
    for number, (before, after) in enumerate(pairs):
        same = before.text == after.text
        if same and not draft.moved & mentions(after):
            continue
        check_parameters(before, after, name)
        if after.type == "method_definition":
            key = after.child_by_field_name("name")
            kinds = {child.type for child in after.children}
            access = "get" if "get" in kinds else "set" if "set" in kinds else "value"
            spelled = (
                text(key) if key is not None and key.type == "string" else json.dumps(text(key))
            )
            source = plain_meta(after, text(after), draft.record)
            value = f"Object.getOwnPropertyDescriptor({{{source}}},{spelled}).{access}"
        else:
            value = f"({function_source(after, draft.record, anonymous=False)})"
        draft.put(f"{name}#{number}", after, value)
        shown = name if name in new.units else f"the callback at line {after.start_point[0] + 1}"
        draft.compare(f"{name}#{number}", shown, before, after)
        if not same:
            draft.replaced.add(f"{name}#{number}")
        changed = changed or not same
    return changed


def _compare_unit(before: Unit, after: Unit, old: Module, new: Module, draft: Draft) -> None:
    name = after.name
    if after.exported and not before.exported and name != "default":
        draft.parts.append((after.line, _exposed(name, draft.record)))
    same = text(before.node) == text(after.node)
    if same and not draft.moved & mentions(after.node):
        return
    if before.function is not None and after.function is not None:
        _replace_function(before, after, before.function, after.function, draft)
    elif before.kind == after.kind == "literal":
        if before.value is None or after.value is None or text(before.value) == text(after.value):
            return
        _follow(name, before.value, after.value, after.line, draft)
    elif before.parts is not None and after.parts is not None:
        compare_class(name, before.parts, after.parts, draft)
    elif before.kind == after.kind and name in new.groups:
        if old.groups[name].same_shape(new.groups[name]):
            if _compare_group(name, old, new, draft):
                draft.changed.append(name)
        elif after.kind in ("let", "var"):
            draft.kept.append(name)
        else:
            raise Rerun(f"the value of {name} is worked out when the script runs")
    elif {before.kind, after.kind} <= {"let", "var"}:
        draft.kept.append(name)
    else:
        raise Rerun(f"{name} became another kind of thing")


def _follow(name: str, before: Node, after: Node, line: int, draft: Draft) -> None:
    """Give a literal its new value; objects and arrays keep their identity, and what the script has put into them."""
    code = f"{name}={text(after)};"
    if before.type == after.type and after.type in ("object", "array"):
        code = f"{name}={draft.record}.follow({name},{text(before)},{text(after)});"
        draft.followed.add(name)
    draft.parts.append((line, code))
    draft.changed.append(name)


def _replace_function(before: Unit, after: Unit, old: Node, new: Node, draft: Draft) -> None:
    if old.type == "arrow_function" and new.type != "arrow_function":
        raise Rerun(f"{after.name} was an arrow function: it has no `this` to hand on")
    check_parameters(old, new, after.name)
    anonymous = after.kind == "function"
    draft.put(after.name, new, f"({function_source(new, draft.record, anonymous=anonymous)})")
    draft.compare(after.name, after.name, old, new)
    if text(before.node) != text(after.node):
        draft.changed.append(after.name)


def _add_unit(unit: Unit, new: Module, draft: Draft) -> None:
    name, record = unit.name, draft.record
    source = unit_source(new, unit, record)
    if unit.node.type == "variable_declarator":
        if unit.value is not None and unit.kind not in ("held", "literal", "class"):
            _check_added_value(unit, unit.value, new)
        source = f"let {source};"
    elif name == "default":
        raise Rerun("a default export was added")
    draft.parts.append((unit.line, source))
    draft.added.append(name)
    if unit.function is not None and unit.kind == "function":
        # A function of this name may have been there when the page loaded: those who hold it get the new one.
        value = f"({function_source(unit.function, record, anonymous=True)})"
        draft.put(name, unit.function, value)
    draft.parts.append((unit.line, _exposed(name, record)))


def _check_added_value(unit: Unit, value: Node, new: Module) -> None:
    """A new variable is worked out by the patch: what only the script itself may do there needs the script to run."""
    if new.groups[unit.name].functions or any(
        found.type in ("await_expression", "meta_property") for found in walk(value)
    ):
        raise Rerun(f"{unit.name} is new and is worked out when the script runs")


def _exposed(name: str, record: str) -> str:
    """Let find what a patch binds: other modules' patches, code evaluated in a class's scope, other classic scripts."""
    return f"{record}.x({json.dumps(name)},()=>{name},$$v=>{{{name}=$$v}});"


def _check_dependents(old: Module, new: Module, draft: Draft) -> None:
    """What ran once with a changed literal in it would now come out differently."""
    literals = {
        name
        for name in draft.changed
        if name in new.units and name in old.units and new.units[name].kind == "literal"
    }
    functions = {name for name in draft.changed if name in new.units} - literals
    functions |= {
        n.removesuffix(".constructor") for n in draft.changed if n.endswith(".constructor")
    }
    # A statement that mentions a new or re-bound name has run without it.
    literals |= draft.moved
    if not literals | functions:
        return

    def used_by(node: Node, without: Sequence[Node]) -> frozenset[str]:
        held = draft.followed - mentions(node, without, exposed=False)
        return mentions(node, without) - held

    for number, node in enumerate(new.statements):
        ran_with = literals & used_by(node, new.groups[f"@{number}"].functions)
        if ran_with and not _only_lists(node):
            line = node.start_point[0] + 1
            raise Rerun(f"the statement at line {line} ran with {min(ran_with)}")
    for name, unit in new.units.items():
        if name in draft.added:
            continue
        for node in _ran_once(unit, new):
            used = used_by(node, new.groups[name].functions if name in new.groups else ())
            if used & literals and unit.kind not in ("let", "var"):
                raise Rerun(f"{name} was made with {min(used & literals)}")
            if used & (literals | functions):
                draft.kept.append(name)


def _only_lists(node: Node) -> bool:
    """Say whether a statement is ``export { a, b }``, which evaluates nothing; ``export default a`` copies a value."""
    return node.type == "export_statement" and node.child_by_field_name("value") is None


def _check_spent(
    new: Module,
    draft: Draft,
    importers: Sequence[Importer],
    elsewhere: Iterable[str],
    *,
    closed: bool,
    classic: bool,
) -> None:
    """What has run and will not be called again can only be seen to change by running anew."""
    outside: dict[str, set[str]] = {name: {LIVE} for name in elsewhere}
    literals = {
        name for name in draft.changed if name in new.units and new.units[name].kind == "literal"
    }
    for importer in importers:
        over = spent(importer.module, {})
        for name, called, mentioned in _uses(importer, draft.followed):
            outside.setdefault(name, set()).update(TOP if at in over else at for at in called)
            if name in literals and mentioned & (over | {TOP}):
                raise Rerun(f"{importer.path} ran with {name}")
    over = spent(new, outside, closed=closed)
    found = reach(new.source)
    used_once = {
        name
        for name in literals
        if (found.reads if name in draft.followed else found.mentions).get(name, set()) & over
    }
    if used_once:
        raise Rerun(f"what ran once ran with {min(used_once)}")
    changed = [name for name in draft.changed if name in new.units or "." in name]
    over &= set(changed) | draft.replaced
    if over and not classic:
        raise Rerun(f"{min(over)} has run, and nothing calls it again")
    draft.spent += sorted(over)


def _uses(
    importer: Importer, followed: Collection[str]
) -> Iterator[tuple[str, set[str], set[str]]]:
    """Give each name of a module that another one uses, where it may be called there, and where it is mentioned."""
    found = reach(importer.module.source)
    handed_on = importer.module.exports.values()
    for local, name in importer.names.items():
        called = found.calls.get(local, set()) | found.members.get(local, set())
        mentioned = (found.reads if name in followed else found.mentions).get(local, set())
        yield name, {LIVE} if local in handed_on else called, mentioned
    for local, members in importer.spaces.items():
        # What the namespace is handed to, or taken apart by, may do anything with each of its members.
        whole = found.calls.get(local, set())
        for member, name in members.items():
            called, mentioned = set[str](), found.values.get(local, set()).copy()
            if local in found.receivers.get(f".{member}", ()):
                called |= found.calls.get(f".{member}", set()) | found.members.get(
                    f".{member}", set()
                )
                mentioned |= found.mentions.get(f".{member}", set())
            yield name, called | {LIVE} if whole or local in handed_on else called, mentioned


def _ran_once(unit: Unit, new: Module) -> Iterable[Node]:
    """Give what of a unit was evaluated when the script ran: initialisers, a class's head and static parts."""
    if unit.name in new.groups and unit.value is not None and not is_literal(unit.value):
        yield unit.value
    if unit.parts is not None:
        methods = {member.node.id for member in unit.parts.members.values()}
        yield from (child for child in unit.parts.node.children if child.type == "class_heritage")
        for child in unit.parts.body.named_children:
            is_static = any(c.type == "static" for c in child.children)
            if child.id not in methods and (is_static or child.type == "class_static_block"):
                yield child


def _assemble(draft: Draft, url: str, digest: str) -> str:
    """Put each part on its own line of the file; what must come first stands on line one."""
    # From here on code evaluated later sees what this patch declares: scopes nest, newest innermost.
    out = [f"{draft.record}.e=c=>eval(c);"]
    line = 0
    for wanted, code in sorted(draft.parts, key=lambda part: part[0]):
        if wanted > line:
            out.append("\n" * (wanted - line))
            line = wanted
        out.append(code)
        line += code.count("\n")
    return "".join(out) + f"\n//# sourceURL={url}?hs={digest[:8]}"
