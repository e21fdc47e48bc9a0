"""A frame that has not begun runs the new code from the top, when its arguments fit."""

from __future__ import annotations

from typing import Any

import pytest

from hotswap.live.loops import supported
from tests.unit.loops_live import Live

pytestmark = pytest.mark.skipif(bool(supported()), reason=supported())

OLD = """
async def work(a, b=2, *rest, key=3, **more):
    log.append(("v1", a, b, rest, key, more))
    await step(1)
"""


def start(
    new: str, old: str = OLD, call: str = "work(1, 5, 6, key=7, z=8)"
) -> tuple[str, list[Any], str]:
    live = Live(old)
    frame = eval(call, live.space)
    [verdict] = live.swap(new, owners=[frame])
    frame.send(None)
    frame.close()
    return verdict.kind, live.log, verdict.reason


V2 = OLD.replace("v1", "v2")
SAID = ("v2", 1, 5, (6,), 7, {"z": 8})


@pytest.mark.parametrize(
    ("new", "logged"),
    [
        (V2, SAID),
        (V2.replace("    log", "    x = y = a\n    log"), SAID),
        (V2.replace("(a, ", "(first, ").replace('v2", a', 'v2", first'), SAID),
        (V2.replace("key=3", "key=3, extra=9").replace("more))", "more, extra))"), (*SAID, 9)),
        (V2.replace("    await", "    f = lambda: (a, key)\n    await"), SAID),
    ],
)
def test_arguments_that_fit(new: str, logged: tuple[Any, ...]) -> None:
    live = Live(OLD)
    frame = live["work"](1, 5, 6, key=7, z=8)
    live["work"].__kwdefaults__["extra"] = 9  # as the engine patches it before frames are moved

    [verdict] = live.swap(new, owners=[frame])
    frame.send(None)
    frame.close()

    assert (verdict.kind, live.log) == ("unstarted", [logged])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a, b=2, *rest, key=3, **more", "a, *rest, key=3, **more"),
        ("a, b=2, *rest, key=3, **more", "b, a=2, *rest, key=3, **more"),
        ("a, b=2, *rest, key=3, **more", "a, b=2, *rest, key=3"),
        ("a, b=2, *rest, key=3, **more", "a, b=2, *rest, key=3, needed, **more"),
    ],
)
def test_arguments_that_do_not_fit_keep_the_old_body(old: str, new: str) -> None:
    body = '    log.append(("v2", a))\n    await step(1)\n'

    kind, log, reason = start(f"async def work({new}):\n{body}")

    assert kind == "stale"
    assert log[0][0] == "v1"
    assert "do not fit" in reason


def test_generators_and_closures_begin_anew_too() -> None:
    old = """
def make(n):
    def work(): yield ("v1", n)
    return work
"""
    live = Live(old)
    generator = live["make"](4)()

    [verdict] = live.swap(old.replace("v1", "v2"), owners=[generator])

    assert (verdict.kind, next(generator)) == ("unstarted", ("v2", 4))


def test_a_coroutine_that_became_a_generator_is_refused() -> None:
    kind, log, reason = start(
        "def work(a):\n    yield a\n",
        "async def work(a):\n    log.append(('v1', a))\n    await step(1)\n",
        "work(1)",
    )
    assert (kind, log) == ("stale", [("v1", 1)])
    assert reason == "it became another kind of function"


def test_rolled_back_it_begins_with_the_old_code() -> None:
    live = Live(OLD)
    frame = live["work"](1)
    live.swap(OLD.replace("v1", "v2"), owners=[frame], commit=False)
    frame.send(None)
    frame.close()

    assert live.log == [("v1", 1, 2, (), 3, {})]
