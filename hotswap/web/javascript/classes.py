"""Two versions of a class to the code that puts the changed methods into the one that lives. PURE.

A method asks for its newer version. What an instance *is* (fields, heritage, private names) takes the class statement.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hotswap.web.javascript.draft import Rerun, check_parameters
from hotswap.web.javascript.rewrite import plain_meta
from hotswap.web.javascript.tree import mentions, text, walk

if TYPE_CHECKING:
    from tree_sitter import Node

    from hotswap.web.javascript.draft import Draft
    from hotswap.web.javascript.model import ClassParts, Member

READ_ONCE = frozenset(
    f"static get {name}"
    for name in ("observedAttributes", "formAssociated", "properties", "styles")
)
"""Static getters that ``customElements.define`` (and Lit) read once, when the class is registered."""


def compare_class(name: str, before: ClassParts, after: ClassParts, draft: Draft) -> None:
    """Write into `draft` what makes the class `before` the class `after`.

    Raises:
        Rerun: It has to be defined anew.
    """
    if not before.same_shape(after) or before.derived != after.derived:
        raise Rerun(f"class {name}: heritage or fields changed")
    for key, member in after.members.items():
        was = before.members.get(key)
        same = was is not None and text(was.node) == text(member.node)
        if same and not draft.moved & mentions(member.node):
            continue
        if after.derived and member.key in READ_ONCE:
            raise Rerun(f"class {name}: {member.key} was read when it was registered")
        _replace_member(name, was, member, after, draft)
        if was is not None:
            shown = f"{name}.{text(member.name)}"
            draft.compare(f"{name}.{key}", shown, was.function, member.function)
        if not same:
            draft.changed.append(f"{name}.{key.removeprefix('=')}")
    for key, member in before.members.items():
        if key in after.members:
            continue
        if member.is_constructor:
            raise Rerun(f"class {name}: its constructor was removed")
        if member.name.type != "private_property_identifier":
            draft.parts.append((-1, _dropped(name, member, draft.record)))
        draft.removed.append(f"{name}.{key}")


def _replace_member(
    name: str, was: Member | None, member: Member, parts: ClassParts, draft: Draft
) -> None:
    private = member.name.type == "private_property_identifier"
    if was is None and private:
        raise Rerun(f"class {name}: {text(member.name)} is new, and private names cannot be added")
    if was is None and member.name.type == "computed_property_name":
        raise Rerun(f"class {name}: a member with a computed name is new")
    if was is not None:
        check_parameters(was.function, member.function, f"{name}.{text(member.name)}")
    node = member.node
    if member.is_constructor:
        if was is None or (parts.derived and not parts.plain):
            raise Rerun(f"class {name}: the constructor sets up fields")
        if any(
            found.type == "meta_property" and text(found) == "new.target" for found in walk(node)
        ):
            raise Rerun(f"class {name}: the constructor uses new.target")
        if parts.derived:
            source = plain_meta(node, text(node), draft.record)
            value = f"class extends Object.getPrototypeOf({draft.record}.k({json.dumps(name)})){{{source}}}"
            if _private_names(node):
                raise Rerun(f"class {name}: the constructor uses private names")
            draft.put(f"{name}.{member.key}", node, value)
            return
    source = _as_object_member(member)
    home = f"{draft.record}.k({json.dumps(name)})" + ("" if member.is_static else ".prototype")
    literal = plain_meta(
        node, f"({{__proto__:Object.getPrototypeOf({home}),{source}}})", draft.record
    )
    facts = json.dumps(
        {
            "class": name,
            "key": member.key,
            "access": member.access,
            "static": member.is_static,
            "field": member.is_field,
            "add": was is None,
        }
    )
    if _private_names(node) - {text(member.name)} or (private and _names_itself(member)):
        # Only code evaluated in the class's own scope may use its private names; what patches have added to the
        # module is not in that scope, so it is handed in by name.
        used = json.dumps(sorted(mentions(node)))
        made = f"{draft.record}.inside({json.dumps(name)},{used},{json.dumps(literal)})"
    else:
        made = literal
    draft.parts.append((node.start_point[0], f"{draft.record}.member({facts},{made});"))


def _as_object_member(member: Member) -> str:
    """Spell a class member as one of an object literal, which gives it a `super`."""
    node = member.node
    if member.is_field:
        return f"$field(){{return {text(member.function)}}}"
    source, begin = node.text or b"", node.start_byte
    name = member.name
    if name.type == "private_property_identifier" or member.is_constructor:
        source = source[: name.start_byte - begin] + b"$member" + source[name.end_byte - begin :]
    spelled = source.decode()
    return spelled.removeprefix("static").lstrip() if member.is_static else spelled


def _private_names(node: Node) -> set[str]:
    return {text(found) for found in walk(node) if found.type == "private_property_identifier"}


def _names_itself(member: Member) -> bool:
    body = member.function.child_by_field_name("body")
    return body is not None and text(member.name) in _private_names(body)


def _dropped(name: str, member: Member, record: str) -> str:
    facts = {"class": name, "static": member.is_static, "access": member.access}
    computed = member.name.type == "computed_property_name"
    if computed or member.is_field:
        raise Rerun(f"class {name}: {text(member.name)} was removed")
    spelled = text(member.name)
    prop = spelled if member.name.type in ("string", "number") else json.dumps(spelled)
    return f"{record}.drop({json.dumps(facts)},{prop});"
