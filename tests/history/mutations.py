"""Small edits, as people make them, to real modules: swapped in and back, compared with fresh imports.

``python -m tests.history.mutations WORK MODULE ...`` copies modules of the standard library below WORK under a name of
their own, makes edits of every kind to each, and prints one JSON object. Each trial is a fork.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import json
import random
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.history.examples import apart
from tests.history.inventory import FITTED, inventory
from tests.history.program import estranged, held_references, told
from tests.history.verdict import Verdict, judge, stable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Function = ast.FunctionDef
Lines = list[str]

MODULES = (
    "argparse",
    "calendar",
    "configparser",
    "difflib",
    "fractions",
    "http.cookies",
    "ipaddress",
    "optparse",
    "pprint",
    "shlex",
    "statistics",
    "string",
    "textwrap",
    "tracemalloc",
)
"""Pure Python, one file each."""
EACH = 3
"""Edits of one kind made to one module."""


def functions(tree: ast.Module) -> list[Function]:
    """Give the functions and methods of a module that span lines of their own."""
    found = [n for n in tree.body if isinstance(n, Function)]
    found += [n for c in classes(tree) for n in c.body if isinstance(n, Function)]
    return [f for f in found if f.body[0].lineno > f.lineno]


def classes(tree: ast.Module) -> list[ast.ClassDef]:
    """Give the top-level classes of a module that span lines of their own."""
    return [n for n in tree.body if isinstance(n, ast.ClassDef) and n.body[0].lineno > n.lineno]


def first(node: ast.FunctionDef | ast.ClassDef) -> int:
    """Give the line a definition begins at, decorators included."""
    return node.decorator_list[0].lineno if node.decorator_list else node.lineno


def indent(lines: Lines, line: int) -> str:
    """Give the white space a line begins with."""
    text = lines[line - 1]
    return text[: len(text) - len(text.lstrip())]


def code_of(function: Function) -> list[ast.stmt]:
    """Give a body without its docstring."""
    skip = isinstance(function.body[0], ast.Expr) and isinstance(
        function.body[0].value, ast.Constant
    )
    return function.body[1:] if skip and len(function.body) > 1 else function.body


def body_edited(tree: ast.Module, lines: Lines) -> Iterator[Lines]:
    """A statement more at the top of a function."""
    for function in functions(tree):
        at = first_line(code_of(function)[0])
        yield [*lines[: at - 1], f"{indent(lines, at)}edited = 1\n", *lines[at - 1 :]]


def first_line(node: ast.stmt) -> int:
    """Give the line a statement begins at."""
    return first(node) if isinstance(node, (ast.FunctionDef, ast.ClassDef)) else node.lineno


def wrapped_in_try(tree: ast.Module, lines: Lines) -> Iterator[Lines]:
    """The last statement of a function goes into a try block."""
    for function in functions(tree):
        last = code_of(function)[-1]
        start, end = first_line(last), last.end_lineno or last.lineno
        if any('"""' in line or "'''" in line for line in lines[start - 1 : end]):
            continue
        margin = indent(lines, start)
        inner = [f"    {line}" for line in lines[start - 1 : end]]
        tail = [f"{margin}finally:\n", f"{margin}    pass\n"]
        yield [*lines[: start - 1], f"{margin}try:\n", *inner, *tail, *lines[end:]]


def parameter_added(tree: ast.Module, lines: Lines) -> Iterator[Lines]:
    """A keyword parameter with a default."""
    for function in functions(tree):
        arguments = function.args
        if arguments.kwarg or arguments.vararg or arguments.kwonlyargs or function.returns:
            continue
        line = lines[function.lineno - 1]
        if line.rstrip().endswith("):") and line.count("(") == line.count(")"):
            comma = ", " if arguments.args else ""
            head = line.rstrip()[:-2]
            yield replaced(lines, function.lineno, f"{head}{comma}extra_=(1, 2)):\n")


def default_changed(tree: ast.Module, lines: Lines) -> Iterator[Lines]:
    """Another default."""
    for function in functions(tree):
        for default in function.args.defaults:
            if isinstance(default, ast.Constant) and default.lineno == default.end_lineno:
                line = lines[default.lineno - 1]
                text = line[: default.col_offset] + "'other'" + line[default.end_col_offset :]
                yield replaced(lines, default.lineno, text)


def constant_changed(tree: ast.Module, lines: Lines) -> Iterator[Lines]:
    """Another number or string in a statement of the module or of a class."""
    places: list[ast.stmt] = [*tree.body, *(n for c in classes(tree) for n in c.body)]
    for node in places:
        if not isinstance(node, ast.Assign) or "__slots__" in ast.dump(node):
            continue
        for inner in ast.walk(node.value):
            if isinstance(inner, ast.Constant) and type(inner.value) is int:
                line = lines[inner.lineno - 1]
                text = line[: inner.col_offset] + "7" + line[inner.end_col_offset :]
                yield replaced(lines, inner.lineno, text)
                break


def renamed(tree: ast.Module, lines: Lines) -> Iterator[Lines]:
    """A function or class takes another name, wherever the file mentions it."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            pattern = re.compile(rf"\b{node.name}\b")
            yield [pattern.sub(f"{node.name}_renamed", line) for line in lines]


def removed(tree: ast.Module, lines: Lines) -> Iterator[Lines]:
    """A method goes."""
    for cls in classes(tree):
        methods = [n for n in cls.body if isinstance(n, Function) and not n.name.startswith("__")]
        if len(cls.body) > 1:
            for method in methods:
                yield [*lines[: first(method) - 1], *lines[method.end_lineno or 0 :]]


def made_property(tree: ast.Module, lines: Lines) -> Iterator[Lines]:
    """A method without parameters becomes a property with a setter."""
    for cls in classes(tree):
        for method in cls.body:
            if isinstance(method, Function) and not method.decorator_list:
                if len(method.args.args) == 1 and not method.name.startswith("__"):
                    margin = indent(lines, method.lineno)
                    setter = [
                        f"{margin}@{method.name}.setter\n",
                        f"{margin}def {method.name}(self, value):\n",
                        f"{margin}    self.given = value\n",
                    ]
                    end = method.end_lineno or 0
                    head = [*lines[: method.lineno - 1], f"{margin}@property\n"]
                    yield [*head, *lines[method.lineno - 1 : end], "\n", *setter, *lines[end:]]


def moved_to_base(tree: ast.Module, lines: Lines) -> Iterator[Lines]:
    """A method moves to a new base class, beside the bases there are."""
    for cls in classes(tree):
        if not cls.bases or cls.keywords or lines[cls.lineno - 1].count("(") != 1:
            continue
        for method in cls.body:
            if isinstance(method, Function) and len(cls.body) > 1 and cls.lineno == first(cls):
                taken = lines[first(method) - 1 : method.end_lineno]
                if any("super()" in line or "self.__" in line for line in taken):
                    continue
                base = [f"class Moved{cls.name}:\n", *taken, "\n\n"]
                head = lines[cls.lineno - 1].replace("(", f"(Moved{cls.name}, ", 1)
                rest = [
                    *lines[cls.lineno : first(method) - 1],
                    *lines[method.end_lineno or 0 :],
                ]
                yield [*lines[: cls.lineno - 1], *base, head, *rest]


def decorated(tree: ast.Module, lines: Lines) -> Iterator[Lines]:
    """A function gets a decorator of our own, defined after the docstring and the imports."""
    from textwrap import dedent

    made = dedent(
        """
        import functools as functools_

        def traced_(function):
            @functools_.wraps(function)
            def wrapper(*args, **kwargs):
                return function(*args, **kwargs)
            return wrapper

        """
    )
    top = [n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))]
    for function in functions(tree):
        if function.decorator_list:
            continue
        at, start = first(top[0]), function.lineno
        margin = indent(lines, start)
        new = [*lines[: start - 1], f"{margin}@traced_\n", *lines[start - 1 :]]
        yield [*new[: at - 1], made, *new[at - 1 :]]


def import_hidden(tree: ast.Module, lines: Lines) -> Iterator[Lines]:
    """An import goes under a type checking guard that is new too."""
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)) and node.lineno == node.end_lineno:
            if getattr(node, "module", "") != "__future__":
                hidden = f"if TYPE_CHECKING_:\n    {lines[node.lineno - 1]}"
                guard = "from typing import TYPE_CHECKING as TYPE_CHECKING_\n"
                yield replaced(lines, node.lineno, guard + hidden)


def derived(tree: ast.Module, lines: Lines) -> Iterator[Lines]:
    """A constant comes that is worked out of the others."""
    names = [
        n.targets[0].id
        for n in tree.body
        if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)
    ]
    for name in names:
        yield [
            *lines,
            f"\n\ndef worked_out_():\n    return repr({name})\n\n\nNEW_ = worked_out_()\n",
        ]


def attribute_added(tree: ast.Module, lines: Lines) -> Iterator[Lines]:
    """A class gets an attribute and a method that uses it."""
    for cls in classes(tree):
        end = cls.end_lineno or 0
        margin = indent(lines, first_line(cls.body[0]))
        more = [
            f"{margin}extra_ = 3\n",
            f"{margin}@classmethod\n",
            f"{margin}def more_(cls):\n",
            f"{margin}    return cls.extra_\n",
        ]
        yield [*lines[:end], "\n", *more, *lines[end:]]


def swapped_places(tree: ast.Module, lines: Lines) -> Iterator[Lines]:
    """Two functions that follow one another change places."""
    for one, other in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(one, Function) and isinstance(other, Function):
            a, b, c = first(one) - 1, first(other) - 1, other.end_lineno or 0
            yield [*lines[:a], *lines[b:c], "\n", *lines[a:b], *lines[c:]]


def docstring_changed(tree: ast.Module, lines: Lines) -> Iterator[Lines]:
    """Another word in a docstring."""
    nodes: list[ast.FunctionDef | ast.ClassDef] = [*functions(tree), *classes(tree)]
    for node in nodes:
        if ast.get_docstring(node) and isinstance(node.body[0], ast.Expr):
            at = node.body[0].lineno
            text = lines[at - 1]
            for quotes in ('"""', "'''"):
                if quotes in text:
                    yield replaced(lines, at, text.replace(quotes, quotes + "Edited. ", 1))
                    break


def replaced(lines: Lines, line: int, text: str) -> Lines:
    """Give the lines with one replaced."""
    return [*lines[: line - 1], text, *lines[line:]]


KINDS: tuple[Callable[[ast.Module, Lines], Iterator[Lines]], ...] = (
    body_edited,
    wrapped_in_try,
    parameter_added,
    default_changed,
    constant_changed,
    renamed,
    removed,
    made_property,
    moved_to_base,
    decorated,
    import_hidden,
    derived,
    attribute_added,
    swapped_places,
    docstring_changed,
)


def every_function(text: str) -> str:
    """Edit the body of every function of a module, nested ones and methods too."""
    lines = text.splitlines(keepends=True)
    marks: dict[int, str] = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            code = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
            at = first_line(code[0])
            if at > node.lineno and (len(node.body) > 1 or not ast.get_docstring(node)):
                marks[at] = f"{indent(lines, at)}edited_ = {at}\n"
    return "".join(marks.get(n, "") + line for n, line in enumerate(lines, 1))


def edits_of(text: str, seed: str) -> dict[str, str]:
    """Make edits of every kind to a module's text; those that do not parse are left out."""
    found: dict[str, str] = {}
    chance = random.Random(seed)
    tree, lines = ast.parse(text), text.splitlines(keepends=True)
    for kind in KINDS:
        made = list(kind(tree, lines))
        for number, new in enumerate(chance.sample(made, min(EACH, len(made)))):
            edited = "".join(new)
            try:
                compile(edited, "edited", "exec")
            except SyntaxError:
                continue
            found[f"{kind.__name__} {number}"] = edited
    found["every function"] = every_function(text)
    return found


def described(name: str) -> dict[str, Any]:
    """Import a module and describe it."""
    importlib.invalidate_caches()
    importlib.import_module(name)
    return {"failed": [], "inventory": inventory(name)}


def swapped(target: Path, name: str, old: str, new: str) -> list[dict[str, Any]]:
    """Import `old`, swap `new` in and `old` back."""
    from hotswap.live.conformer import FITTED as CONFORMED
    from hotswap.swapper import Swapper

    target.write_text(old)
    swapper = Swapper([target.parent])
    importlib.import_module(name)
    ways: list[dict[str, Any]] = []
    for text in (new, old):
        held = held_references(name)
        target.write_text(text)
        way = told(swapper.apply([target]))
        ways.append(way)
        if not way["ok"]:
            break
        FITTED.update({key: plain for key, (_, plain) in CONFORMED.items()})
        way |= {"failed": [], "inventory": inventory(name), "estranged": estranged(held)}
    return ways


def replay_module(module: str, work: Path) -> dict[str, Verdict]:
    """Make all edits to one module; give the verdicts."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    text = Path(spec.origin).read_text(encoding="utf-8")
    name = f"real_{module.replace('.', '_')}"
    target = work / f"{name}.py"

    def fresh(source: str) -> Any:
        target.write_text(source)
        one, other = (apart(lambda: described(name)) for _ in range(2))
        return stable(one, other)

    before = fresh(text)
    found: dict[str, Verdict] = {}
    for kind, edited in edits_of(text, module).items():
        wanted = fresh(edited)
        if "raised" in wanted:
            continue  # the edit broke the module: no fresh import to compare with
        ways = apart(lambda edited=edited: swapped(target, name, text, edited))  # type: ignore[misc]
        if isinstance(ways, dict):
            found[f"{module}: {kind}"] = Verdict("fault", (ways["raised"],))
            continue
        for way, want, label in zip(ways, (wanted, before), ("", ", back"), strict=False):
            found[f"{module}: {kind}{label}"] = judge(way, want)
    return found


def main() -> None:
    """Replay modules, print the verdicts."""
    sys.dont_write_bytecode = True
    work = Path(sys.argv[1])
    sys.path.insert(0, str(work))
    importlib.import_module("hotswap.live.swap")
    found: dict[str, Any] = {}
    for module in sys.argv[2:]:
        rows = replay_module(module, work)
        found |= {way: [v.word, v.details, v.ms] for way, v in rows.items()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
