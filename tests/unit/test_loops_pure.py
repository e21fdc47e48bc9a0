"""What a local that an edit adds before a running loop can be made of, and what would run the user's code."""

from __future__ import annotations

import ast
import asyncio
import collections
import dataclasses
import datetime as dt
import itertools
import json
import random
import uuid
from typing import Any

import pytest

from hotswap.live.loops import harmless, pure


@dataclasses.dataclass
class Place:
    row: int = 3
    marks: list[int] = dataclasses.field(default_factory=list)


class Loud:
    """Everything that it is asked runs code."""

    limit = 7

    def __init__(self) -> None:
        self.kept = {"a": 1}

    @property
    def asked(self) -> int:
        raise AssertionError("a property ran")

    def __eq__(self, other: object) -> bool:
        raise AssertionError("a comparison ran")

    __hash__ = None  # type: ignore[assignment]

    def method(self) -> int:
        raise AssertionError("a method ran")


class Text(str):
    __slots__ = ()

    def __add__(self, other: object) -> str:
        raise AssertionError("an operator ran")


SPACE: dict[str, Any] = {
    "asyncio": asyncio,
    "collections": collections,
    "datetime": dt,
    "uuid": uuid,
    "itertools": itertools,
    "json": json,
    "random": random,
    "Place": Place,
    "Loud": Loud,
    "loud": Loud(),
    "text": Text("x"),
    "config": {"limit": 5, "names": ["a", "b"]},
    "ran": print,
}


def evaluated(text: str) -> Any:
    value = ast.parse(text, mode="eval").body
    if not pure.is_pure_form(value):
        raise pure.NotPureError

    def look_up(name: str) -> Any:
        return SPACE.get(name, vars(__import__("builtins")).get(name, harmless.NOTHING))

    return pure.evaluate(value, look_up, "")


@pytest.mark.parametrize(
    "text",
    [
        'config["limit"] * 2 + 1',
        'config["names"][-1], config["names"][:1]',
        "{name: 0 for name in config['names']}",
        "[i * j for i in range(3) if i for j in (1, 2)]",
        "{k: v for k, v in config.items()}",
        "f\"{config['limit']:03} {'x'!r:>4}\"",
        'config.get("other", 9) if config else None',
        'len(config["names"]) > 1 and 1 < 2 <= 2 or None',
        'sorted(set("hello")), "-".join(["a", "b"]), "a b".split()',
        "datetime.timedelta(seconds=config['limit']).total_seconds()",
        "datetime.datetime(2020, 1, 2).date().isoformat()",
        'json.loads(json.dumps({"a": [1]}))["a"]',
        "loud.limit, loud.kept['a']",
        "not [] and -3 ** 2",
        "[0] * 3 if loud is None else ()",
        '"x" in config["names"], loud is None',
    ],
)
def test_a_value_is_what_python_makes_of_it(text: str) -> None:
    assert evaluated(text) == eval(text, dict(SPACE))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("uuid.uuid4().hex[:8]", str),
        ("str(uuid.uuid4())", str),
        ("datetime.datetime.now().isoformat()", str),
        ("random.randint(1, 6)", int),
        ("itertools.cycle('/-')", itertools.cycle),
        ("collections.defaultdict(list)", collections.defaultdict),
        ("collections.deque(maxlen=config['limit'])", collections.deque),
        ("Place(row=config['limit'])", Place),
        ("asyncio.Queue(maxsize=5)", asyncio.Queue),
        ("id(loud)", int),
    ],
)
def test_each_frame_gets_a_value_of_its_own(text: str, kind: type) -> None:
    assert type(evaluated(text)) is kind


@pytest.mark.parametrize(
    "text",
    [
        *("loud.asked", "loud.method()", "loud == 1", "Loud()", "ran('x')", "text + 'y'"),
        *("config.pop('limit')", "config['names'].append(1)", "missing", "loud.missing"),
        *("[0] * 10 ** 9", "10 ** 10 ** 10", "[i for i in range(10 ** 9)]", "[*range(3)]"),
        *("(lambda: 1)()", "open('x')", "[ran(i) for i in range(3)]", "{**config}", "loud[0]"),
        *("f'{loud}'", "sorted(config, key=ran)", "str(loud)", "(yield)"),
    ],
)
def test_what_would_do_more_than_give_a_value_is_refused(text: str) -> None:
    with pytest.raises(pure.NotPureError):
        evaluated(text)


def test_what_the_loop_says_is_asked() -> None:
    async def now() -> None:
        assert evaluated("asyncio.get_running_loop().time() > 0")

    asyncio.run(now())


def test_what_raises_raises() -> None:
    with pytest.raises(ZeroDivisionError):
        evaluated("1 / 0")
