"""A script as it is served: each function begins by asking whether a newer one has come. Line numbers stay. PURE.

``$$hs`` is the module's record in the page (static/client/records.js); everything works, unpatched, where there is
none. ``$$hs.p`` holds newer functions by key: ``say`` for a top-level one, ``Room.say`` for a member, ``@3#0`` for the
first lasting function of the fourth statement, ``handlers#1`` for one in the initialiser of ``handlers``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hotswap.web.javascript.tree import directives_end, flags, is_literal, part_of, text, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tree_sitter import Node

    from hotswap.web.javascript.model import ClassParts, Member, Module, Unit

MODULE_RECORD = "$$hs"
BOM = b"\xef\xbb\xbf"

Splice = tuple[int, int, str]
"""Replace the bytes from here to there by this."""


def record_name(module: Module, name: str, *, as_module: bool) -> str:
    """Give the variable that holds the record: classic scripts share one scope, so each has its own."""
    return MODULE_RECORD if as_module and module.is_module else f"{MODULE_RECORD}_{name}"


def serve(
    module: Module,
    url: str,
    name: str,
    *,
    as_module: bool,
    resolve: Callable[[str], str] | None = None,
) -> bytes:
    """Give the source that the browser is to run, with the same number of lines.

    Args:
        url: The address it is served at, for scripts that cannot say it themselves.
        name: Distinguishes the record of this script from those of others in the same scope.
        as_module: Whether the browser asked for it as a module (or for a classic script with ``crossorigin``).
        resolve: Gives the specifier to write for each import; for modules that run again.
    """
    record = record_name(module, name, as_module=as_module)
    splices = list(_all_splices(module, record))
    if resolve is not None:
        for imported in module.imports:
            node = imported.node
            wanted = resolve(imported.source)
            if wanted != imported.source:
                splices.append((node.start_byte + 1, node.end_byte - 1, wanted))
    meta = "import.meta" if module.is_module else "null"
    where = "import.meta.url" if module.is_module else json.dumps(url)
    prologue = (
        f"var {record}=globalThis.__hotswap__?.module({where},{json.dumps(module.digest)},"
        f"{meta},c=>eval(c),{json.dumps(record)}),{record}_w={record}?{record}.w:(k,f)=>f;"
    )
    if module.is_module:
        prologue += f"import.meta.hot={record}?.hot;"
    splices.append(_prologue_splice(module, prologue))
    return apply(module.source, 0, splices)


def unit_source(module: Module, unit: Unit, record: str) -> str:
    """Give one unit as it would be served, for a declaration that a patch adds."""
    begin, end = unit.node.start_byte, unit.node.end_byte
    splices = [
        splice
        for splice in unit_splices(module, unit, record)
        if begin <= splice[0] and splice[1] <= end and splice[2] != "let"
    ]
    return plain_meta(unit.node, apply(module.source[begin:end], begin, splices).decode(), record)


def function_source(function: Node, record: str, *, anonymous: bool) -> str:
    """Give a function as an expression.

    A declaration loses its name (`anonymous`), so that what it calls by that name is the module's own binding.
    """
    name = function.child_by_field_name("name") if anonymous else None
    begin = function.start_byte
    source = function.text or b""
    if name is not None:
        source = source[: name.start_byte - begin] + source[name.end_byte - begin :]
    return plain_meta(function, source.decode(), record)


def plain_meta(node: Node, source: str, record: str) -> str:
    """Spell ``import.meta`` as the record's: code that is evaluated may not name it (ECMA-262, 19.2.1.1)."""
    if "import.meta" not in source or not any(
        found.type == "meta_property" for found in walk(node)
    ):
        return source
    return source.replace("import.meta", f"{record}.meta")


def apply(source: bytes, offset: int, splices: Iterable[Splice]) -> bytes:
    """Give `source`, which begins at byte `offset` of its file, with `splices` made.

    What is put in at a place stands before what is replaced there, and in the order given.
    """
    out: list[bytes] = []
    place = 0
    for begin, end, put in sorted(splices, key=lambda splice: splice[:2]):
        out += [source[place : begin - offset], put.encode()]
        place = end - offset
    out.append(source[place:])
    return b"".join(out)


def unit_splices(module: Module, unit: Unit, record: str) -> Iterable[Splice]:
    """Give what makes one unit replaceable."""
    key = json.dumps(unit.name)
    if unit.function is not None:
        yield from _function_splices(unit.function, key, record, named=unit.name)
    elif unit.parts is not None:
        yield from _class_splices(unit.name, unit.parts, record)
    elif unit.kind == "literal" and unit.keyword is not None:
        yield (unit.keyword.start_byte, unit.keyword.end_byte, "let")
    if unit.name in module.groups:
        yield from _group_splices(module, unit.name, record)


def _all_splices(module: Module, record: str) -> Iterable[Splice]:
    keywords = set()
    for unit in module.units.values():
        for splice in unit_splices(module, unit, record):
            if splice[2] == "let":  # `const A = 1, B = 2` has one keyword
                if splice[0] in keywords:
                    continue
                keywords.add(splice[0])
            yield splice
    for number in range(len(module.statements)):
        yield from _group_splices(module, f"@{number}", record)


def _group_splices(module: Module, name: str, record: str) -> Iterable[Splice]:
    for number, function in enumerate(module.groups[name].functions):
        yield from _function_splices(function, json.dumps(f"{name}#{number}"), record, named="")


def _function_splices(function: Node, key: str, record: str, *, named: str) -> Iterable[Splice]:
    if function.type == "arrow_function":
        name = f",{json.dumps(named)}" if named else ""
        yield (function.start_byte, function.start_byte, f"{record}_w({key},")
        yield (function.end_byte, function.end_byte, f"{name})")
        return
    newer = f"{record}.p[{key}]"
    call = f"{newer}.apply(this,arguments)"
    if "*" in flags(function):
        do = f"return yield*{call}"
    elif function.type == "method_definition" or flags(function):
        do = f"return {call}"
    else:
        do = f"return new.target?Reflect.construct({newer},arguments,new.target):{call}"
    yield from _entry(function, key, record, do)


def _entry(function: Node, key: str, record: str, do: str) -> Iterable[Splice]:
    """Ask first thing in the body; and before that, keep the old defaults from being worked out in vain."""
    body = part_of(function, "body")
    parameters = function.child_by_field_name("parameters")
    for parameter in parameters.named_children if parameters is not None else ():
        right = parameter.child_by_field_name("right")
        if parameter.type != "assignment_pattern" or right is None or is_literal(right):
            continue
        left = parameter.child_by_field_name("left")
        stand_in = "[]" if left is not None and left.type == "array_pattern" else "{}"
        yield (right.start_byte, right.start_byte, f"{record}?.p[{key}]?{stand_in}:(")
        yield (right.end_byte, right.end_byte, ")")
    after = directives_end(body)
    ask = f"if({record}?.p[{key}]){{{do}}}"
    if after >= 0:
        yield (after, after, f";{ask}")
    else:
        yield (body.start_byte + 1, body.start_byte + 1, ask)


def _class_splices(name: str, parts: ClassParts, record: str) -> Iterable[Splice]:
    for member in parts.members.values():
        key = json.dumps(f"{name}.{member.key}")
        newer = f"{record}.p[{key}]"
        if member.is_field:
            yield (
                member.function.start_byte,
                member.function.start_byte,
                f"{record}_w({key},",
            )
            label = text(member.name)
            yield (
                member.function.end_byte,
                member.function.end_byte,
                f",{json.dumps(label)},this)",
            )
        elif member.is_constructor and parts.derived:
            if parts.plain:
                do = f"return Reflect.construct({newer},arguments,new.target)"
                yield from _entry(member.function, key, record, do)
        else:
            yield from _method_splices(member, key, record)
    end = parts.body.end_byte - 1
    yield (end, end, f";static{{{record}?.c({json.dumps(name)},this,c=>eval(c))}}")


def _method_splices(member: Member, key: str, record: str) -> Iterable[Splice]:
    call = f"{record}.p[{key}].apply(this,arguments)"
    star = "yield*" if "*" in flags(member.function) else ""
    yield from _entry(member.function, key, record, f"return {star}{call}")


def _prologue_splice(module: Module, prologue: str) -> Splice:
    source, root = module.source, module.root
    if root is None:
        return (0, 0, prologue)
    place = len(BOM) if source.startswith(BOM) else 0
    first = next((child for child in root.children if child.type == "hash_bang_line"), None)
    if first is not None:
        newline = source.find(b"\n", first.start_byte)
        place = len(source) if newline < 0 else newline + 1
    after = directives_end(root)
    if after > place:
        return (after, after, f";{prologue}")
    return (place, place, prologue)
