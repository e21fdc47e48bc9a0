"""source/sharing.py: an old source that shares its new one's syntax is what it would be if parsed alone."""

from __future__ import annotations

import ast
import itertools
import random

import pytest

from hotswap.source.sharing import share
from hotswap.source.units import Text

PIECES = (
    "x = 1\n",
    "x = 1; y = 2\n",
    "if x:\n    a\n",
    "if x:\n    a\nelse:\n    b\n",
    "else:\n    b\n",
    "    indented\n",
    "try:\n    a\nexcept E:\n    b\n",
    "except E:\n    b\n",
    "@decorated\n",
    "@decorated\ndef f(a=(1,\n        2)):\n    return 1\n",
    "def f():\n    '''doc\n    x = 1\n    '''\n",
    "'''\n",
    "y = '''\nx = 1\n'''\n",
    "z = (\n",
    ")\n",
    "# a comment\n",
    "\n",
    "x = 1 \\\n",
    "class C:\n    def m(self):\n        return 1\n\n    n = 2\n",
    "from __future__ import annotations\n",
    "x = 'ü'\n",
)


def parsed(data: str) -> Text | None:
    text = Text("m.py", data.encode())
    try:
        _ = text.tree
    except SyntaxError:
        return None
    return text


def facts(text: Text) -> list[tuple[object, ...]]:
    return [
        (u.kind, u.line, u.end, u.segment, ast.dump(u.node), u.binds)
        + (tuple((m.line, m.end) for m in u.members) if u.kind == "class" else ())
        for u in text.units
    ]


@pytest.mark.parametrize("seed", range(30))
def test_shared_syntax_is_the_parser_s(seed: int) -> None:
    """Whatever the edit, be it that it ends within a statement: kinds, lines, texts and trees are the same."""
    chosen = random.Random(seed)
    for _ in itertools.repeat(None, 60):
        pieces = chosen.choices(PIECES, k=chosen.randrange(1, 9))
        old = "".join(pieces)
        for _ in range(chosen.randrange(1, 3)):
            at = chosen.randrange(len(pieces) + 1)
            pieces[at : at + chosen.randrange(3)] = chosen.choices(PIECES, k=chosen.randrange(3))
        alone, new = parsed(old), parsed("".join(pieces))
        if alone is None or new is None:
            continue
        beside = Text("m.py", old.encode())
        share(beside, new)
        assert facts(beside) == facts(alone), (old, "".join(pieces))
        assert (beside.flags, beside.origins) == (alone.flags, alone.origins)


def test_only_what_differs_is_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"def f{n}():\n    return {n}\n" for n in range(100)]
    old, new = "".join(lines), "".join(lines).replace("return 50", "more = 1\n    return 50")
    beside, other = Text("m.py", old.encode()), Text("m.py", new.encode())
    _ = other.tree
    seen: list[str] = []
    parse = ast.parse
    monkeypatch.setattr(ast, "parse", lambda text, *rest: seen.append(text) or parse(text, *rest))
    share(beside, other)

    assert len(beside.units) == 100
    assert [text.strip() for text in seen] == [lines[50].strip()]
