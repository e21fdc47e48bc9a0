"""Code objects of one whole-file compile, old and new, paired by place and name."""

from __future__ import annotations

import dis
import sys
from collections import Counter
from collections.abc import MutableMapping
from difflib import SequenceMatcher
from itertools import chain
from types import BuiltinFunctionType, CodeType, FunctionType, MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LAZY: Final = sys.version_info >= (3, 14)
Pair = tuple[CodeType, CodeType]


class CodePairs(MutableMapping[CodeType, CodeType]):
    """Old code -> new code. Equal codes of two files are two: ``==`` compares lines and bytecode, not `co_filename`.

    (CPython Objects/codeobject.c, code_richcompare: two files of tenacity have one method on one line.) Looked up by
    place, since hashing a code object goes through all of its bytecode: 20 us.
    """

    def __init__(self) -> None:
        self._at: dict[tuple[str, int, str], list[Pair]] = {}
        """By place: file, line and name."""

    def __getitem__(self, old: CodeType) -> CodeType:
        for one, new in self._at.get(_place(old), ()):
            if one is old or one == old:
                return new
        raise KeyError(old)

    def __setitem__(self, old: CodeType, new: CodeType) -> None:
        self.pop(old, None)
        self._at.setdefault(_place(old), []).append((old, new))

    def __delitem__(self, old: CodeType) -> None:
        pairs = self._at.get(_place(old), [])
        for number, (one, _) in enumerate(pairs):
            if one is old or one == old:
                del pairs[number]
                return
        raise KeyError(old)

    def __iter__(self) -> Iterator[CodeType]:
        return (old for pairs in self._at.values() for old, _ in pairs)

    def __len__(self) -> int:
        return sum(map(len, self._at.values()))

    def clear(self) -> None:
        """Forget all, at once."""
        self._at.clear()

    def references(self) -> Iterator[CodeType]:
        """Give every code object once for each reference from here (for live/holders.py)."""
        return chain.from_iterable(chain.from_iterable(self._at.values()))


def _place(code: CodeType) -> tuple[str, int, str]:
    return code.co_filename, code.co_firstlineno, code.co_name


def forwards(code: CodeType) -> bool:
    """Say whether a code only calls another function, or a class, which it holds (`live.functions.forwarding_code`)."""
    takes_all = code.co_flags & 0x0C == 0x0C and not code.co_argcount  # CO_VARARGS, CO_VARKEYWORDS
    return takes_all and any(
        isinstance(one, (FunctionType, BuiltinFunctionType, type)) for one in code.co_consts
    )


def children(code: CodeType) -> list[CodeType]:
    """Give the codes nested directly in `code`; the hidden function of type parameters is looked through."""
    found: list[CodeType] = []
    for constant in code.co_consts:
        if type(constant) is CodeType:
            if constant.co_name.startswith("<generic parameters"):
                found += children(constant)
            else:
                found.append(constant)
    return found


def walk(code: CodeType) -> Iterator[CodeType]:
    """Give `code` and every code nested in it."""
    stack = [code]
    while stack:
        top = stack.pop()
        yield top
        stack += [c for c in top.co_consts if type(c) is CodeType]


def own(code: CodeType) -> tuple[Any, ...]:
    """Give what `code` itself does: nested codes, positions and the docstring's text left out."""
    # the docstring, or the None that stands in its place, is the first constant
    skip = (
        1
        if code.co_consts
        and not is_class_body(code)
        and (docstring(code) is not None or code.co_consts[0] is None)
        else 0
    )
    constants = tuple(
        (type(c), _exact(c)) for c in code.co_consts[skip:] if not isinstance(c, CodeType)
    )
    return (
        code.co_code,
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_cellvars,
        code.co_flags,
        code.co_argcount,
        code.co_kwonlyargcount,
        code.co_posonlyargcount,
        constants,
        code.co_exceptiontable,
    )


def _exact(constant: Any) -> Any:
    """Tell 1 from 1.0 and True, 0.0 from -0.0, inside tuples too."""
    if isinstance(constant, tuple):
        return tuple((type(c), _exact(c)) for c in constant)
    if isinstance(constant, frozenset):
        return frozenset((type(c), _exact(c)) for c in constant)
    return repr(constant) if isinstance(constant, (float, complex)) else constant


def deep(code: CodeType) -> tuple[Any, ...]:
    """Give what `code` and all nested in it do."""
    return (own(code), tuple(deep(c) for c in children(code)))


def is_class_body(code: CodeType) -> bool:
    """Say whether `code` runs a class statement's body."""
    return not code.co_flags & 0x2 and code.co_name != "<module>"  # CO_NEWLOCALS: functions only


def docstring(code: CodeType) -> str | None:
    """Give the docstring a function with this code is born with (3.13 dedents it)."""
    first = code.co_consts[0] if code.co_consts else None
    if not isinstance(first, str):
        return None
    if LAZY and not code.co_flags & 0x4000000:  # CO_HAS_DOCSTRING (3.14)
        return None
    return first


def pair(
    old: CodeType, new: CodeType, lines: Mapping[int, int] = MappingProxyType({})
) -> list[Pair]:
    """Pair every nested code of `old` with the one that takes its place in `new`.

    Same name under paired parents; equally many: by order; else equal ones first, the rest from the end.

    Args:
        old: A whole file.
        new: Its next version.
        lines: First line of a definition at the top of the file -> that of the one that takes its place. It tells those
            apart that have one name: each ``def _`` of a `functools.singledispatch`.
    """
    ours, theirs = children(old), children(new)
    several = {code.co_name for code in ours} & {
        name
        for side in (ours, theirs)
        for name, count in Counter(code.co_name for code in side).items()
        if count > 1
    }
    at = {code.co_firstlineno: code for code in theirs if code.co_name in several}
    found = [
        (code, at[lines[code.co_firstlineno]])
        for code in ours
        if code.co_name in several and lines.get(code.co_firstlineno) in at
    ]
    told = {id(code) for both in found for code in both}
    found += _siblings(
        [code for code in ours if id(code) not in told],
        [code for code in theirs if id(code) not in told],
    )
    stack = list(found)
    while stack:
        a, b = stack.pop()
        for one, other in _siblings(children(a), children(b)):
            found.append((one, other))
            stack.append((one, other))
    return found


def reuse(old: CodeType, new: CodeType) -> CodeType:
    """Give `new` with the very code objects of `old` in all places where they are equal, however deep.

    Functions that an edit leaves alone then go on running code of the current compile, by identity.
    """
    if old == new:
        return old
    return _put(new, {id(b): a for a, b in _siblings(children(old), children(new))})


def _put(code: CodeType, partners: Mapping[int, CodeType]) -> CodeType:
    """Replace nested codes by their partners. (No closure: its cycle would keep the codes, see live/holders.py.)"""
    constants: list[Any] = []
    for constant in code.co_consts:
        kept = constant
        if isinstance(constant, CodeType):
            if id(constant) in partners:
                kept = reuse(partners[id(constant)], constant)
            elif constant.co_name.startswith("<generic parameters"):
                kept = _put(constant, partners)
        constants.append(kept)
    if all(a is b for a, b in zip(constants, code.co_consts, strict=True)):
        return code
    return code.replace(co_consts=tuple(constants))


def _siblings(old: list[CodeType], new: list[CodeType]) -> Iterator[Pair]:
    if len(old) == len(new) and all(
        a.co_name == b.co_name and is_class_body(a) is is_class_body(b)
        for a, b in zip(old, new, strict=True)
    ):
        yield from zip(old, new, strict=True)
        return
    groups: dict[tuple[str, bool], tuple[list[CodeType], list[CodeType]]] = {}
    for code in old:
        groups.setdefault((code.co_name, is_class_body(code)), ([], []))[0].append(code)
    for code in new:
        groups.setdefault((code.co_name, is_class_body(code)), ([], []))[1].append(code)
    for (name, _), (ours, theirs) in groups.items():
        if len(ours) == len(theirs):
            yield from zip(ours, theirs, strict=True)
            continue
        left, rest = list(ours), list(theirs)
        for one, other in _equal_in_order(ours, theirs):
            left = [code for code in left if code is not one]
            rest = [code for code in rest if code is not other]
            yield one, other
        if not name.startswith("<"):
            yield from zip(reversed(left), reversed(rest), strict=False)


def _equal_in_order(ours: list[CodeType], theirs: list[CodeType]) -> Iterator[Pair]:
    """Pair equal codes: in their order first, so that of many equal lambdas each finds its own line; then any."""
    known: list[tuple[Any, ...]] = []

    def number(code: CodeType) -> int:
        key = deep(code)
        if key not in known:
            known.append(key)
        return known.index(key)

    before, after = list(map(number, ours)), list(map(number, theirs))
    taken: set[int] = set()
    paired: set[int] = set()
    for block in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
        for offset in range(block.size):
            paired.add(block.a + offset)
            taken.add(block.b + offset)
            yield ours[block.a + offset], theirs[block.b + offset]
    for place, one in enumerate(before):
        if place not in paired:
            other = next((i for i, n in enumerate(after) if n == one and i not in taken), None)
            if other is not None:
                taken.add(other)
                yield ours[place], theirs[other]


CLASS_FACTS: Final = ("__doc__", "__firstlineno__", "__static_attributes__")


def stored_constants(code: CodeType) -> dict[str, Any]:
    """Give the constants that a class or module body stores under the names of `CLASS_FACTS`."""
    found: dict[str, Any] = {}
    last: Any = dis
    for instruction in dis.get_instructions(code):
        if (
            instruction.opname
            in ("STORE_NAME", "STORE_GLOBAL")  # the latter where a function declares it global
            and instruction.argval in CLASS_FACTS
            and last is not dis
        ):
            found.setdefault(instruction.argval, last)
        last = instruction.argval if instruction.opname in ("LOAD_CONST", "LOAD_SMALL_INT") else dis
    return found


def global_chains(code: CodeType) -> set[tuple[str, ...]]:
    """Give the global names that calling `code` may read, with the attributes taken of each: ``("conf", "LIMIT")``.

    Comprehensions run with it; functions and lambdas that it only defines do not.
    """
    found: set[tuple[str, ...]] = set()
    chain: tuple[str, ...] = ()
    for instruction in dis.get_instructions(code):
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            chain = (str(instruction.argval),)
        elif instruction.opname in ("LOAD_ATTR", "LOAD_METHOD") and chain:
            chain = (*chain, str(instruction.argval))
        elif instruction.opname not in ("CACHE", "PUSH_NULL"):
            chain = ()
        if chain:
            found.add(chain)
    for inner in children(code):
        if inner.co_name in ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"):
            found |= global_chains(inner)
    return found


def names_used(code: CodeType) -> set[str]:
    """Give every global or attribute name that `code` or a nested code mentions."""
    found: set[str] = set()
    for inner in walk(code):
        found.update(inner.co_names)
    return found


def declared_global(code: CodeType) -> set[str]:
    """Give the names of the module that functions and classes in it set (``global``)."""
    return {
        instruction.argval
        for inner in walk(code)
        if inner is not code
        for instruction in dis.get_instructions(inner)
        if instruction.opname == "STORE_GLOBAL"
    }


def handed_on(code: CodeType, name: str) -> bool:
    """Say whether `code` itself reads a global or an attribute of this name without calling it there and then.

    What is to be called is loaded with the NULL that the call wants: the lowest bit of the argument (Include/opcode.h,
    "LOAD_GLOBAL" since 3.11, "LOAD_ATTR" since 3.12), or by LOAD_METHOD.
    """
    for instruction in dis.get_instructions(code):
        if instruction.argval != name or instruction.arg is None:
            continue
        if instruction.opname == "LOAD_GLOBAL" and not instruction.arg & 1:
            return True
        if instruction.opname == "LOAD_ATTR" and (
            sys.version_info < (3, 12) or not instruction.arg & 1
        ):
            return True
    return False
