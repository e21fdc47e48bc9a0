"""What comparing two versions comes to: the code of a patch as it grows, or why the script has to run again. PURE."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from hotswap.web.javascript.leavings import leavings
from hotswap.web.javascript.tree import flags, text

if TYPE_CHECKING:
    from tree_sitter import Node

    from hotswap.web.javascript.tree import SyntaxFault


@dataclass(frozen=True, slots=True)
class Patch:
    """What a page has to do to run the new version."""

    mode: Literal["none", "patch", "rerun", "fault"]
    why: str = ""
    code: str = ""
    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    """Variables whose initialiser changed, or depends on what changed: they keep their value, and the page says so."""
    spent: tuple[str, ...] = ()
    """Of a classic script: changed functions that only the page's markup can call again; if it does not, they ran."""
    redrawn: tuple[tuple[str, str], ...] = ()
    """(class, method) pairs: to be called again on each custom element of that class that stands on the page."""
    built: tuple[str, ...] = ()
    """Classes whose elements, if any stand on the page, cannot be drawn again: then it runs anew."""
    left: tuple[tuple[str, str], ...] = ()
    """(key, name) of functions that left something else behind, where they have run: then the script runs anew."""
    imports: tuple[tuple[str, str], ...] = ()
    """(specifier, name) pairs that must be loaded before `code` can run; the name ``""`` loads for effect alone."""
    fault: SyntaxFault | None = None


class Rerun(Exception):
    """The top level has to run again; the message says why."""


@dataclass(slots=True)
class Draft:
    """The code so far: (line from 0, text) pairs, so that stack traces point at the file's own lines."""

    record: str
    parts: list[tuple[int, str]] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    imports: list[tuple[str, str]] = field(default_factory=list)
    spent: list[str] = field(default_factory=list)
    followed: set[str] = field(default_factory=set)
    """Constant objects and arrays that get their new content in place: who holds them has it, too."""
    replaced: set[str] = field(default_factory=set)
    """The keys of functions in initialisers that changed."""
    left: dict[str, str] = field(default_factory=dict)
    """Key -> name of functions that leave other listeners, timers or closures behind than they did."""
    moved: set[str] = field(default_factory=set)
    """Names that unchanged code would look up in vain, or in the wrong place: they are bound in the patch alone."""

    def compare(self, key: str, name: str, before: Node, after: Node) -> None:
        """Note whether two versions of a function leave the same behind when they have run."""
        if leavings(before) != leavings(after):
            self.left[key] = name

    def put(self, key: str, node: Node, value: str) -> None:
        """Make `value` the newer function of `key`."""
        self.parts.append((node.start_point[0], f"{self.record}.p[{json.dumps(key)}]={value};"))


def check_parameters(before: Node, after: Node, name: str) -> None:
    """The old function's head is still entered first: it must not stumble over what the new one is called with."""
    if flags(before) != flags(after):
        raise Rerun(f"{name} became {flags(after) or 'an ordinary function'}")
    if before.type == "arrow_function":
        return  # wrapped: its own parameters are not looked at
    old, new = before.child_by_field_name("parameters"), after.child_by_field_name("parameters")
    if text(old) == text(new) or old is None:
        return
    for parameter in old.named_children:
        target = parameter.child_by_field_name("left") or parameter
        if target.type in ("object_pattern", "array_pattern"):
            raise Rerun(f"{name} takes its arguments apart in another way")
