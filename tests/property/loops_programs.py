"""Random structured programs, and random edits of them that change nothing but the labels they log.

A program is a tree: a line of text, or a compound statement with blocks. ``work()`` waits at ``await step(k)``, logs
``(label, k, state)``, and ends by itself after some dozens of steps.
"""

from __future__ import annotations

import copy
import random
import re
from dataclasses import dataclass

PRELUDE = """\
import asyncio, contextlib
class step:
    def __init__(self, k): self.k = k
    def __await__(self):
        got = yield self.k
        if isinstance(got, BaseException): raise got
        return got
def same(x): return x
def made(x): return [x]
class room:
    def __init__(self, k, swallow=False): self.k, self.swallow = k, swallow
    def __enter__(self): log.append(("in", self.k)); return self
    def __exit__(self, kind, *rest):
        log.append(("out", self.k, kind and kind.__name__))
        return self.swallow and kind is not None and issubclass(kind, ValueError)
class aroom(room):
    async def __aenter__(self):
        await step(-self.k)
        return self.__enter__()
    async def __aexit__(self, *error):
        await step(-self.k)
        return self.__exit__(*error)
async def stream(k, n):
    for i in range(n):
        await step(-k)
        yield i
"""


@dataclass
class Line:
    """A simple statement."""

    text: str


@dataclass
class Compound:
    """Headers, each with its block."""

    parts: list[tuple[str, list[Line | Compound]]]


Block = list[Line | Compound]


class Maker:
    """Makes one program; every await and log has a number of its own."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = 0
        self.size = 0

    def number(self) -> int:
        self.count += 1
        return self.count

    def program(self) -> Block:
        """The body of ``work``."""
        start: Block = [Line("n = 0"), Line("got = None"), Line("acc = []")]
        if self.random.random() < 0.4:
            start.append(
                Compound([("def more():", [Line("nonlocal n"), Line("n += 1"), Line("return n")])])
            )
        return [*start, *self.block(0), self.log()]

    def log(self) -> Line:
        return Line(f'log.append(("LABEL", {self.number()}, n, got, len(acc)))')

    def block(self, depth: int, least: int = 1) -> Block:
        made: Block = []
        for _ in range(self.random.randint(least, 4)):
            made.append(self.statement(depth))
        return [*made, self.log()]

    def statement(self, depth: int) -> Line | Compound:
        self.size += 1
        simple = depth >= 3 or self.size > 30
        return self.simple() if simple or self.random.random() < 0.35 else self.compound(depth)

    def simple(self) -> Line:
        k = self.number()
        return Line(
            self.random.choice(
                [
                    f"got = await step({k})",
                    f"got = await step({k})",
                    f"await step({k})",
                    f"acc.append(await step({k}))",
                    f"acc += [await step({k}), {k}]",
                    f"acc = [*acc, *[await step({k}) for _ in range(2)]]",
                    f"n = n + (await step({k}) or 1)",
                    f"got, acc = (await step({k}), acc)",
                    "n += 1",
                    f'got = f"{{await step({k})}}"',
                    "acc = acc[-2:]",
                ]
            )
        )

    def compound(self, depth: int) -> Compound:
        k = self.number()
        block = lambda: self.block(depth + 1)  # noqa: E731
        kind = self.random.choice(
            [
                *(
                    "while",
                    "while",
                    "for",
                    "for",
                    "async for",
                    "try",
                    "try",
                    "finally",
                    "with",
                    "async with",
                ),
                *("if", "match", "test", "else", "except"),
            ]
        )
        turns = self.random.randint(1, 3)
        count = Line(f"c{k} += 1")
        if kind == "while":
            return Compound(
                [
                    (
                        "if True:",
                        [
                            Line(f"c{k} = 0"),
                            Compound([(f"while c{k} < {turns}:", [count, *block()])]),
                        ],
                    )
                ]
            )
        if kind == "test":
            loop = Compound(
                [(f"while (await step({k})) is not None and c{k} < {turns}:", [count, *block()])]
            )
            return Compound([("if True:", [Line(f"c{k} = 0"), loop])])
        if kind == "for":
            return Compound([(f"for i{k} in range({turns}):", block())])
        if kind == "else":
            inner: Block = [*block(), Compound([(f"if got == {k % 5}:", [Line("break")])])]
            return Compound([(f"for i{k} in range({turns}):", inner), ("else:", block())])
        if kind == "async for":
            return Compound([(f"async for i{k} in stream({k}, {turns}):", block())])
        if kind == "try":
            error = self.random.choice(["ValueError", "Exception", "asyncio.CancelledError"])
            return Compound([("try:", block()), (f"except {error} as e{k}:", block())])
        if kind == "except":
            raising: Block = [Line(f"raise ValueError({k})")]
            return Compound(
                [
                    ("try:", raising),
                    (f"except ValueError as e{k}:", block()),
                    ("finally:", [self.log()]),
                ]
            )
        if kind == "finally":
            return Compound([("try:", block()), ("finally:", block())])
        if kind == "with":
            swallow = self.random.random() < 0.3
            return Compound([(f"with room({k}, {swallow}) as r{k}:", block())])
        if kind == "async with":
            return Compound([(f"async with aroom({k}), aroom({k + 1000}):", block())])
        if kind == "match":
            cases: Block = [Compound([("case int(x):", block())]), Compound([("case _:", block())])]
            return Compound([("match got:", cases)])
        return Compound([(f"if n % 2 == {k % 2}:", block()), ("else:", block())])


class Editor:
    """Edits that keep what a program does, labels aside."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.count = 0

    def edited(self, body: Block) -> Block:
        """A copy with one to three edits; sometimes with none."""
        body = copy.deepcopy(body)
        for _ in range(self.random.choice([0, 1, 1, 2, 3])):
            self.edit(body)
        return body

    def edit(self, body: Block) -> None:
        blocks = list(_blocks(body))
        block = self.random.choice(blocks)
        places = [
            i
            for i, s in enumerate(block)
            if not (isinstance(s, Compound) and s.parts[0][0].startswith("case"))
        ]
        if not places:
            return
        self.count += 1
        z = f"z{self.count}_{self.random.randint(0, 999)}"
        at = self.random.choice(places)
        kind = self.random.choice(
            [
                "try",
                "if",
                "with",
                "for",
                "pure",
                "made",
                "used",
                "closure",
                "statement",
                "await",
                "target",
                "line",
                "name",
            ]
        )
        if kind in ("try", "if", "with", "for") and block is not body:
            end = min(len(block), at + self.random.randint(1, 3))
            inside = block[at:end]
            if kind == "for" and any(isinstance(s, Compound) for s in inside):
                return  # a break would leave another loop
            texts = [s.text if isinstance(s, Line) else "..." for s in inside]
            if "break" in texts or not any(texts):
                return
            heads = {
                "try": [("try:", inside), ("finally:", [Line("pass")])],
                "if": [("if True:", inside)],
                "with": [("with contextlib.nullcontext():", inside)],
                "for": [(f"for {z} in (0,):", inside)],
            }
            block[at:end] = [Compound(heads[kind])]
        elif kind == "pure":
            block.insert(at, Line(f"{z} = [len(acc) * 0]"))
            block.append(Line(f"{z}.append(1)"))
        elif kind == "made":
            block.insert(at, Line(f"{z} = made(0)"))
            block.append(Line(f"{z}.append(1)"))
        elif kind == "used":
            block.insert(at, Line(f"{z} = 1"))
        elif kind == "name":
            self.rename(body, self.random.choice(["acc", "got"]), z)
        elif kind == "closure":
            block.insert(at, Line(f"{z} = lambda: (n, acc, got)"))
        elif kind == "statement":
            block.insert(at, Line(f"same({self.random.randint(0, 9)})"))
        elif kind == "line":
            block.insert(at, Line(""))
        elif kind == "await":
            line = block[at]
            if isinstance(line, Line) and "await step(" in line.text and 'f"' not in line.text:
                line.text = line.text.replace("await step(", "await same(step)(")
        elif kind == "target":
            line = block[at]
            if isinstance(line, Line) and line.text.startswith("got = await"):
                line.text = (
                    line.text.replace("got =", "_, got = None,")
                    if self.random.random() < 0.5
                    else (line.text.replace("got =", f"{z} ="))
                )
                if line.text.startswith(z):
                    block.insert(at + 1, Line(f"got = {z}"))

    def rename(self, body: Block, old: str, new: str) -> None:
        """Call a local otherwise, wherever it is used."""
        for block in _blocks(body):
            for statement in block:
                if isinstance(statement, Line):
                    statement.text = re.sub(rf"\b{old}\b", new, statement.text)
                else:
                    statement.parts = [
                        (re.sub(rf"\b{old}\b", new, header), inner)
                        for header, inner in statement.parts
                    ]


def _blocks(body: Block) -> list[Block]:
    found = [body]
    for statement in body:
        if isinstance(statement, Compound):
            for _, inner in statement.parts:
                found += _blocks(inner)
    return found


def text(body: Block, label: str) -> str:
    """The module's own text."""
    return "async def work():\n" + "\n".join(_lines(body, 1)).replace("LABEL", label) + "\n"


def _lines(block: Block, depth: int) -> list[str]:
    found = []
    for statement in block:
        if isinstance(statement, Line):
            found.append("    " * depth + statement.text if statement.text else "")
        else:
            for header, inner in statement.parts:
                found += ["    " * depth + header, *_lines(inner, depth + 1)]
    return found
