"""Each form of loop and each kind of edit: what a parked frame does after the swap.

Programs are written as diffs: lines that begin with ``-`` are of the old text only, with ``+`` of the new one only; and
every ``v1`` is ``v2`` in the new text. ``work()`` waits at ``await step(...)`` and logs.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import Any

import pytest

from hotswap.live.loops import supported
from tests.unit.loops_live import Live

pytestmark = pytest.mark.skipif(bool(supported()), reason=supported())


@dataclass
class Form:
    """An edit of a program, what its frame is sent before and after, and what it logs after the swap."""

    name: str
    diff: str
    log: list[Any]
    before: list[Any] = field(default_factory=lambda: ["a"])
    after: list[Any] = field(default_factory=lambda: ["b", "c"])
    kind: str = "take"
    reason: str = ""
    start: str = "work()"

    def texts(self) -> tuple[str, str]:
        """The old and the new text."""
        lines = self.diff.strip("\n").split("\n")
        old = textwrap.dedent("\n".join(" " + s[1:] for s in lines if not s.startswith("+")))
        new = textwrap.dedent("\n".join(" " + s[1:] for s in lines if not s.startswith("-")))
        return old + "\n", new.replace("v1", "v2") + "\n"


TURNS = [("v2", 2, "b"), ("v2", 3, "c")]
FORMS = [
    Form(
        "while",
        """
  async def work():
      n = 0
      while True:
          text = await step("recv")
          n += 1
          log.append(("v1", n, text))
""",
        TURNS,
    ),
    Form(
        "for",
        """
  async def work():
      for i in range(1, 9):
          text = await step("recv")
          log.append(("v1", i, text))
""",
        TURNS,
    ),
    Form(
        "for, header edited",
        """
  async def work():
-     for i in range(1, 4):
+     for i in range(100):
          text = await step("recv")
          log.append(("v1", i, text))
      log.append("end v1")
      await step("last")
""",
        [*TURNS, "end v2"],
        reason="the iterator of line",
    ),
    Form(
        "async for",
        """
  async def work():
      async for i in stream(9):
          text = await step("recv")
          log.append(("v1", i + 1, text))
""",
        TURNS,
        before=[None, "a", None],
        after=["b", None, "c"],
    ),
    Form(
        "parked in the async for itself",
        """
  async def work():
      async for i in stream(9):
          log.append(("v1", i))
""",
        [("v2", 1), ("v2", 2)],
        before=[None],
        after=[None, None],
    ),
    Form(
        "nested loops",
        """
  async def work():
      for i in range(9):
          while True:
              text = await step("recv")
              log.append(("v1", i, text))
              if text == "next":
                  break
          log.append("outer v1")
""",
        [("v2", 0, "next"), "outer v2", ("v2", 1, "b")],
        after=["next", "b"],
    ),
    Form(
        "inside try",
        """
  async def work():
      while True:
          try:
              text = await step("recv")
              log.append(("v1", text))
-         except KeyError as error:
+         except ValueError as error:
              log.append(("bad v1", str(error)))
          finally:
              log.append("finally v1")
""",
        [("bad v2", "x"), "finally v2", ("v2", "b"), "finally v2"],
        after=[ValueError("x"), "b"],
    ),
    Form(
        "inside except",
        """
  async def work():
      while True:
          try:
              raise KeyError("k")
          except KeyError as error:
              text = await step("recv")
              log.append(("v1", error.args, text))
""",
        [("v2", ("k",), "b"), ("v2", ("k",), "c")],
    ),
    Form(
        "inside finally, normal way",
        """
  async def work():
      while True:
          try:
              log.append("try v1")
          finally:
              log.append("finally v1")
              text = await step("recv")
              log.append(("v1", text))
""",
        [("v2", "b"), "try v2", "finally v2", ("v2", "c"), "try v2", "finally v2"],
    ),
    Form(
        "inside finally, after an exception",
        """
  async def work():
      try:
          try:
              await step("recv")
          finally:
              log.append(("v1", await_ := 1))
              text = await step("cleanup")
              log.append(("v1", text))
      except ValueError:
          log.append("caught v1")
      await step("last")
""",
        [("v2", "b"), "caught v2"],
        before=[ValueError()],
        after=["b"],
    ),
    Form(
        "inside with",
        """
  async def work():
      with room(log) as r:
          while True:
              text = await step("recv")
              log.append(("v1", r, text))
              if text == "out":
                  break
      await step("last")
""",
        [("v2", "room", "b"), ("v2", "room", "out"), ("out", "room")],
        after=["b", "out"],
    ),
    Form(
        "inside with, item edited",
        """
  async def work():
-     with room(log, "one"):
+     with room(log, "two"):
          while True:
              text = await step("recv")
              log.append(("v1", text))
              if text == "out":
                  break
      await step("last")
""",
        [("v2", "out"), ("out", "one")],
        after=["out"],
        reason="the context manager of line",
    ),
    Form(
        "inside async with of two",
        """
  async def work():
      async with room(log, "one") as r, room(log, "two"):
          while True:
              text = await step("recv")
              log.append(("v1", r, text))
""",
        [("v2", "one", "b"), ("v2", "one", "c")],
        before=[None, None, "a"],
    ),
    Form(
        "entering an async with",
        """
  async def work():
      async with room(log, "one"):
          log.append("v1 inside")
      log.append("v1 after")
      await step("last")
""",
        [("in", "one"), "v2 inside", ("out", "one"), "v2 after"],
        before=[],
        after=[None, None],
    ),
    Form(
        "leaving an async with",
        """
  async def work():
      async with room(log, "one"):
          log.append("v1 inside")
      log.append("v1 after")
      await step("last")
""",
        [("out", "one"), "v2 after"],
        before=[None],
        after=[None],
    ),
    Form(
        "inside match",
        """
  async def work():
      while True:
          match await step("recv"):
              case ("say", what):
                  more = await step("more")
                  log.append(("v1", what, more))
+             case "b":
+                 log.append("new case")
              case other:
                  log.append(("v1 other", other))
""",
        [("v2", "x", "b"), "new case", ("v2 other", "c")],
        before=[("say", "x")],
        after=["b", "b", "c"],
    ),
    Form(
        "at the subject of a match, a case added before",
        """
  async def work():
      while True:
          match await step("recv"):
+             case "b":
+                 log.append("new case")
              case other:
                  log.append(("v1 other", other))
""",
        ["new case", ("v2 other", "c")],
    ),
    Form(
        "test of a while",
        """
  async def work():
      while (text := await step("recv")) != "end":
          log.append(("v1", text))
      log.append("end v1")
      await step("last")
""",
        [("v2", "b"), "end v2"],
        after=["b", "end"],
    ),
    Form(
        "test of a while, edited",
        """
  async def work():
-     while (text := await step("recv")) != "end":
+     while (text := await step("recv")) != "over":
          log.append(("v1", text))
      log.append("end v1")
      await step("last")
""",
        [("v2", "end")],
        after=["end"],
    ),
    Form(
        "test of a while, another call",
        """
  async def work():
-     while (text := await step("recv")) != "end":
+     while (text := await (lambda: step("recv"))()) != "over":
          log.append(("v1", text))
      log.append("end v1")
      await step("last")
""",
        ["end v2"],
        after=["end"],
        kind="finish",
        reason="its await was edited",
    ),
    Form(
        "test of a while, edited, later turns",
        """
  async def work():
-     while (text := await step("recv")) != "end":
+     while (text := await step("recv")) != "over":
          log.append(("v1", text))
      log.append("end v1")
      await step("last")
""",
        [("v2", "b"), ("v2", "end"), "end v2"],
        after=["b", "end", "over"],
    ),
    Form(
        "await in an expression",
        """
  async def work():
      while True:
          log.append(("v1", 10 + await step("recv"), [0, *await step("more")]))
""",
        [("v1", 11, [0, "x", "y"]), ("v2", 12, [0, "z"])],
        before=[1],
        after=["xy", 2, "z"],
        kind="finish",
    ),
    Form(
        "await of another callee",
        """
  def other():
      return step("other")
  async def work():
      n = 0
      while True:
-         text = await step("recv")
+         text = await other()
          n += 1
          log.append(("v1", n, text))
""",
        [("v1", 2, "b"), ("v2", 3, "c")],
        kind="finish",
        reason="its await was edited",
    ),
    Form(
        "argument of the await",
        """
  async def work():
      n = 0
      while True:
-         text = await step("recv")
+         text = await step("recv", n)
          n += 1
          log.append(("v1", n, text))
""",
        TURNS,
    ),
    Form(
        "target renamed",
        """
  async def work():
      n = 0
      while True:
-         text = await step("recv")
+         words = await step("recv")
          n += 1
-         log.append(("v1", n, text))
+         log.append(("v1", n, words))
""",
        TURNS,
    ),
    Form(
        "target becomes a pattern",
        """
  async def work():
      n = 0
      while True:
-         text = await step("recv")
+         first, *rest = await step("recv")
          n += 1
-         log.append(("v1", n, text))
+         log.append(("v1", n, first, rest))
""",
        [("v2", 2, "b", []), ("v2", 3, "c", [])],
    ),
    Form(
        "try added around the body",
        """
  async def work():
      n = 0
      while True:
+       try:
          text = await step("recv")
          n += 1
          log.append(("v1", n, text))
+       except ValueError:
+         log.append("bad v1")
""",
        [("v2", 2, "b"), "bad v2", ("v2", 3, "c")],
        after=["b", ValueError(), "c"],
    ),
    Form(
        "try taken away",
        """
  async def work():
      n = 0
      while True:
-       try:
          text = await step("recv")
          n += 1
          log.append(("v1", n, text))
-       except ValueError:
-         log.append("bad v1")
""",
        TURNS,
    ),
    Form(
        "try added around the loop",
        """
  async def work():
      n = 0
-     while True:
-         text = await step("recv")
-         n += 1
-         log.append(("v1", n, text))
+     try:
+         while True:
+             text = await step("recv")
+             n += 1
+             log.append(("v1", n, text))
+     except ValueError:
+         log.append("bad v1")
+         await step("last")
""",
        [("v2", 2, "b"), "bad v2"],
        after=["b", ValueError()],
    ),
    Form(
        "with added around the body",
        """
  async def work():
      n = 0
      while True:
+       with room(log):
          text = await step("recv")
          n += 1
          log.append(("v1", n, text))
""",
        [("v1", 2, "b"), ("in", "room"), ("v2", 3, "c"), ("out", "room"), ("in", "room")],
        kind="finish",
    ),
    Form(
        "with taken away",
        """
  async def work():
      n = 0
      while True:
-       with room(log):
          text = await step("recv")
          n += 1
          log.append(("v1", n, text))
""",
        [("v1", 2, "b"), ("out", "room"), ("v2", 3, "c")],
        kind="finish",
    ),
    Form(
        "with added around the loop",
        """
  async def work():
      n = 0
-     while True:
-         text = await step("recv")
-         n += 1
-         log.append(("v1", n, text))
+     with room(log):
+         while True:
+             text = await step("recv")
+             n += 1
+             log.append(("v1", n, text))
""",
        [("v1", 2, "b"), ("in", "room"), ("v2", 3, "c")],
        kind="finish",
    ),
    Form(
        "with taken from around the loop",
        """
  async def work():
      n = 0
-     with room(log):
-         while True:
-             text = await step("recv")
-             n += 1
-             log.append(("v1", n, text))
+     while True:
+         text = await step("recv")
+         n += 1
+         log.append(("v1", n, text))
""",
        [("v1", 2, "b"), ("out", "room"), ("v2", 3, "c")],
        kind="finish",
    ),
    Form(
        "two async with taken from around the loop, which becomes for",
        """
  async def work():
      n = 0
-     async with room(log), room(log, "inner"):
-         with room(log, "third"):
-             while True:
+     if True:
+         if True:
+             for _ in range(99):
                  text = await step("recv")
                  n += 1
                  log.append(("v1", n, text))
""",
        [
            *(("v1", 2, "b"), ("out", "third"), ("out", "inner"), ("out", "room")),
            ("v2", 3, "c"),
        ],
        before=[None, None, "a"],
        after=["b", None, None, "c"],
        kind="finish",
    ),
    Form(
        "with added around the loop and what comes before",
        """
  async def work():
-     log.append("hello")
-     while True:
-         text = await step("recv")
-         log.append(("v1", text))
+     with room(log):
+         log.append("hello")
+         while True:
+             text = await step("recv")
+             log.append(("v1", text))
""",
        [("v1", "b"), ("v1", "c")],
        kind="stale",
        reason="has run, and would run again",
    ),
    Form(
        "loop added around the await",
        """
  async def work():
      n = 0
      while True:
+       for k in (1, 2):
          text = await step("recv")
          n += 1
          log.append(("v1", n, text))
""",
        [("v1", 2, "b"), ("v2", 3, "c"), ("v2", 4, "d")],
        after=["b", "c", "d"],
        kind="finish",
    ),
    Form(
        "loop added before",
        """
  async def work():
      n = 0
+     for k in range(2):
+         await asyncio.sleep(1)
      while True:
          text = await step("recv")
          n += 1
          log.append(("v1", n, text))
""",
        TURNS,
    ),
    Form(
        "statements added around the await",
        """
  async def work():
      n = 0
      while True:
+         log.append("turn v1")
          text = await step("recv")
+         log.append("got v1")
          n += 1
          log.append(("v1", n, text))
""",
        ["got v2", ("v2", 2, "b"), "turn v2", "got v2", ("v2", 3, "c"), "turn v2"],
    ),
    Form(
        "an equal await added before",
        """
  async def work():
      n = 0
      while True:
+         await step("other")
          text = await step("recv")
          n += 1
          log.append(("v1", n, text))
""",
        TURNS,
        after=["b", "other", "c"],
    ),
    Form(
        "the await moved down",
        """
  async def work():
      n = 0
      while True:
-         text = await step("recv")
          n += 1
+         text = await step("recv")
          log.append(("v1", n, text))
""",
        [("v1", 2, "b"), ("v2", 3, "c")],
        kind="finish",
        reason="would not run in the turn in flight",
    ),
    Form(
        "the await moved up",
        """
  async def work():
      n = 0
      while True:
-         n += 1
          text = await step("recv")
+         n += 1
          log.append(("v1", n, text))
""",
        [("v1", 2, "b"), ("v2", 3, "c")],
        kind="finish",
        reason="would run twice in the turn in flight",
    ),
    Form(
        "two awaits exchanged",
        """
  async def work():
      while True:
-         one = await step("recv")
-         two = await step("recv")
+         two = await step("recv")
+         one = await step("recv")
          log.append(("v1", one, two))
""",
        [("v1", "c", "d"), ("v2", "f", "e")],
        before=["a", "b", "c"],
        after=["d", "e", "f"],
        kind="finish",
    ),
    Form(
        "a name of the turn before",
        """
  async def work():
      count = iter(range(9))
      while True:
-         text = await step("recv")
-         mark = next(count)
+         mark = next(count), "early"
+         text = await step("recv")
          log.append(("v1", mark, text))
""",
        [("v1", 1, "b"), ("v2", (2, "early"), "c")],
        kind="finish",
        reason="mark is bound by line",
    ),
    Form(
        "the await moved from the test into the body",
        """
  async def work():
-     while (text := await step("recv")) != "end":
-         log.append(("v1", text))
+     while True:
+         text = await step("recv")
+         log.append(("v1", text))
""",
        [("v1", "b"), ("v2", "c"), ("v2", "end")],
        after=["b", "c", "end"],
        kind="finish",
    ),
    Form(
        "the await moved from the body into the test",
        """
  async def work():
-     while True:
-         text = await step("recv")
-         log.append(("v1", text))
+     while (text := await step("recv")) != "end":
+         log.append(("v1", text))
      log.append("over")
      await step("last")
""",
        [("v1", "b"), ("v2", "c"), "over"],
        after=["b", "c", "end"],
        kind="finish",
    ),
    Form(
        "while becomes async for",
        """
  async def work():
      n = 0
-     while True:
-         text = await step("recv")
+     async for text in (f"{await step('next')}{i}" for i in range(9)):
          n += 1
          if text == "end":
              break
          log.append(("v1", n, text))
      log.append("over")
      await step("last")
""",
        [("v1", 2, "b"), ("v2", 3, "c0"), ("v2", 4, "d1")],
        after=["b", "c", "d"],
        kind="finish",
    ),
    Form(
        "while becomes async for, and its last turn breaks",
        """
  async def work():
-     while True:
-         text = await step("recv")
+     async for text in stream(9):
          if text == "end":
              break
          log.append(("v1", text))
      log.append("over")
      await step("last")
""",
        ["over"],
        after=["end"],
        kind="finish",
    ),
    Form(
        "while becomes async for, and its last turn continues",
        """
  async def work():
-     while True:
-         text = await step("recv")
+     async for text in stream(9):
          if text == "skip":
              continue
          log.append(("v1", text))
""",
        [("v2", 0)],
        after=["skip", None],
        kind="finish",
    ),
    Form(
        "for becomes while",
        """
  async def work():
-     for i in range(9):
+     i = 0
+     while True:
+         i += 1
          text = await step("recv")
          log.append(("v1", i, text))
""",
        [("v1", 1, "b"), ("v2", 2, "c")],
        kind="finish",
    ),
    Form(
        "async for becomes while, parked in its header",
        """
  async def work():
-     async for text in stream(9):
+     while True:
+         text = await step("recv")
          log.append(("v1", text))
""",
        [("v1", 1), ("v2", "b"), ("v2", "c")],
        before=[None],
        after=[None, "b", "c"],
        kind="finish",
    ),
    Form(
        "async for over something else",
        """
  async def work():
-     async for i in stream(9):
+     async for i in stream(5 - 1) if True else stream(0):
          log.append(("v1", i))
""",
        [("v1", 1), ("v2", 0), ("v2", 1)],
        before=[None],
        after=[None, None, None],
        kind="finish",
    ),
    Form(
        "a test that is awaited becomes for",
        """
  async def work():
-     while (text := await step("recv")) != "end":
+     for text in iter(lambda: "x", 0):
+         await step("recv")
          log.append(("v1", text))
      log.append("over v1")
      await step("last")
""",
        [("v1", "b"), ("v2", "x")],
        after=["b", "c"],
        kind="finish",
    ),
    Form(
        "a test that is awaited becomes for, and was the last",
        """
  async def work():
-     while (text := await step("recv")) != "end":
+     for text in iter(lambda: "x", 0):
+         await step("recv")
          log.append(("v1", text))
      log.append("over v1")
      await step("last")
""",
        ["over v2"],
        after=["end"],
        kind="finish",
    ),
    Form(
        "more around the awaited value",
        """
  async def work():
      while True:
-         text = await step("recv")
+         text = (await step("recv")).upper(), "v1"
          log.append(text)
""",
        [("B", "v2"), ("C", "v2")],
    ),
    Form(
        "functions, imports and constructors before the loop",
        """
  from dataclasses import dataclass, field
  @dataclass
  class Stats:
      seen: list = field(default_factory=list)
      n: int = 0
  async def work(bare):
      n = 0
+     import json as js
+     from datetime import datetime, timedelta
+     base = 10
+     total = base * 2
+     def add(text, *, by=base):
+         nonlocal total
+         total += by
+         return [text, n, total]
+     upper = lambda text: text.upper()
+     stats = Stats(n=base)
+     first = datetime.now() - timedelta(1)
+     limit = bare.limit
+     name = f"{limit:03}"
      while True:
          text = await step("recv")
          n += 1
-         log.append(("v1", text))
+         log.append(("v1", js.dumps(add(upper(text))), stats.n, first < datetime.now(), name))
""",
        [
            ("v2", '["B", 2, 30]', 10, True, "003"),
            ("v2", '["C", 3, 40]', 10, True, "003"),
        ],
        start="work(type('Bare', (), {'limit': 3})())",
        reason="add is new: a function; upper is new: a function; stats is new: a Stats",
    ),
    Form(
        "a property before the loop",
        """
  class Room:
      @property
      def name(self): log.append("asked"); return "room"
  async def work(room):
+     name = room.name
      while True:
          text = await step("recv")
-         log.append(("v1", text))
+         log.append(("v1", name, text))
""",
        [("v1", "b"), ("v1", "c")],
        kind="stale",
        start="work(Room())",
        reason="which would have to run",
    ),
    Form(
        "a constructor with effects before the loop",
        """
  class Room:
      def __init__(self): log.append("made")
  async def work():
+     room = Room()
      while True:
          text = await step("recv")
-         log.append(("v1", text))
+         log.append(("v1", room, text))
""",
        [("v1", "b"), ("v1", "c")],
        kind="stale",
    ),
    Form(
        "a local is called otherwise",
        """
  async def work():
-     n = 0
-     kept = []
+     count = 0
+     history = []
      while True:
-         text = await step("recv")
-         n += 1
-         kept.append(text)
-         log.append(("v1", n, kept[:]))
+         message = await step("recv")
+         count += 1
+         history.append(message)
+         log.append(("v1", count, history[:]))
""",
        [("v2", 2, ["a", "b"]), ("v2", 3, ["a", "b", "c"])],
        reason="n is called count now; kept is called history now; text is called message now",
    ),
    Form(
        "a parameter is called otherwise",
        """
- async def work(wait):
+ async def work(receive):
      while True:
-         text = await wait("recv")
+         text = await receive("recv")
          log.append(("v1", text))
""",
        [("v2", "b"), ("v2", "c")],
        start="work(step)",
        reason="wait is called receive now",
    ),
    Form(
        "a shared local is called otherwise",
        """
  async def work():
-     n = 0
+     count = 0
      def more():
-         nonlocal n
-         n += 1
-         return n
+         nonlocal count
+         count += 1
+         return count
      while True:
          text = await step("recv")
          log.append(("v1", more(), text))
""",
        TURNS,
        reason="n is called count now",
    ),
    Form(
        "another local of the same beginning",
        """
  async def work():
-     seen = []
+     errors = []
      while True:
          text = await step("recv")
-         seen.append(text)
-         log.append(("v1", seen[-1]))
+         if not text:
+             errors.extend([text])
+         log.append(("v1", len(errors), text))
""",
        [("v2", 0, "b"), ("v2", 0, "c")],
        reason="errors is new: []",
    ),
    Form(
        "the await in a branch",
        """
  async def work():
      n = 0
      while True:
+       if n < 9:
          text = await step("recv")
          n += 1
          log.append(("v1", n, text))
""",
        TURNS,
    ),
    Form(
        "local added, pure",
        """
  async def work():
      n = 0
+     seen, when = [], 1
+     kept = []
+     started = time.monotonic()
      while True:
          text = await step("recv")
          n += 1
+         kept.append(n)
-         log.append(("v1", n, text))
+         log.append(("v1", n, text, list(kept), started > 0))
""",
        [("v2", 2, "b", [2], True), ("v2", 3, "c", [2, 3], True)],
        reason="kept is new: []",
    ),
    Form(
        "local added, made of others",
        """
  async def work():
      n = 0
+     k = n * 10 + 1
+     m = -k
      while True:
          text = await step("recv")
          n += 1
-         log.append(("v1", n, text))
+         log.append(("v1", n, text, k, m))
""",
        [("v2", 2, "b", 11, -11), ("v2", 3, "c", 11, -11)],
    ),
    Form(
        "local added, not pure, in the turn",
        """
  async def work():
      n = 0
      while True:
+         mark = hash(step)
          text = await step("recv")
          n += 1
-         log.append(("v1", n, text))
+         log.append(("v1", n, text, mark == hash(step)))
""",
        [("v1", 2, "b"), ("v2", 3, "c", True)],
        kind="finish",
        reason="mark is bound by line",
    ),
    Form(
        "local added, not pure, before the loop",
        """
  async def work():
      n = 0
+     mark = hash(step)
      while True:
          text = await step("recv")
          n += 1
-         log.append(("v1", n, text))
+         log.append(("v1", n, text, mark))
""",
        [("v1", 2, "b"), ("v1", 3, "c")],
        kind="stale",
        reason="mark is bound by line",
    ),
    Form(
        "local added, bound in both branches",
        """
  async def work():
      n = 0
+     if hash(step):
+         mark = 1
+     else:
+         mark = 2
      while True:
          text = await step("recv")
          n += 1
-         log.append(("v1", n, text))
+         log.append(("v1", n, text, mark))
""",
        [("v1", 2, "b"), ("v1", 3, "c")],
        kind="stale",
        reason="mark would be read before it is bound",
    ),
    Form(
        "local added, bound before it is needed",
        """
  async def work():
      n = 0
      while True:
          text = await step("recv")
          n += 1
+         loud = text.upper()
-         log.append(("v1", n, text))
+         log.append(("v1", n, loud))
""",
        [("v2", 2, "B"), ("v2", 3, "C")],
    ),
    Form(
        "local that a fresh run may lack too",
        """
  async def work():
      n = 0
      while True:
          text = await step("recv")
          n += 1
+         if text == "b":
+             extra = 1
+         if text == "c":
+             log.append(extra)
          log.append(("v1", n, text))
""",
        [("v2", 2, "b"), 1, ("v2", 3, "c")],
    ),
    Form(
        "local no longer deleted",
        """
  async def work():
      n = 0
      extra = [1]
      while True:
-         del extra
          text = await step("recv")
-         extra = [1]
          n += 1
-         log.append(("v1", n, text))
+         log.append(("v1", n, text, extra))
""",
        [("v2", 2, "b", [1]), ("v2", 3, "c", [1])],
        reason="extra is new: [1]",
    ),
    Form(
        "local removed",
        """
  async def work():
-     n = 0
      while True:
          text = await step("recv")
-         n += 1
-         log.append(("v1", n, text))
+         log.append(("v1", text))
""",
        [("v2", "b"), ("v2", "c")],
    ),
    Form(
        "local becomes a global",
        """
  n = 70
  async def work():
-     n = 0
      while True:
          text = await step("recv")
-         n = n + 1
          log.append(("v1", n, text))
""",
        [("v2", 70, "b"), ("v2", 70, "c")],
    ),
    Form(
        "local captured by a new closure",
        """
  async def work():
      n = 0
      while True:
          text = await step("recv")
          n += 1
+         more = lambda: n * 10
-         log.append(("v1", n, text))
+         log.append(("v1", more(), text))
""",
        [("v2", 20, "b"), ("v2", 30, "c")],
    ),
    Form(
        "local still held by a closure",
        """
  async def work():
      n = 0
-     def more():
-         nonlocal n
-         n += 1
-         return n
      while True:
          text = await step("recv")
-         more()
+         n += 1
          log.append(("v1", n, text))
""",
        TURNS,
    ),
    Form(
        "constant edited",
        """
  async def work():
      n = 0
-     limit = 5
+     limit = -60
      while True:
          text = await step("recv")
          n += 1
          log.append(("v1", n, text, limit))
""",
        [("v2", 2, "b", -60), ("v2", 3, "c", -60)],
        reason="limit is -60 now",
    ),
    Form(
        "first value of a counter edited",
        """
  async def work():
-     n = 0
+     n = 100
      while True:
          text = await step("recv")
          n += 1
          log.append(("v1", n, text))
""",
        TURNS,
        reason="n keeps its value",
    ),
    Form(
        "generator",
        """
  def work():
      n = 0
      while True:
          text = yield n
          n += 1
          log.append(("v1", n, text))
""",
        TURNS,
    ),
    Form(
        "generator that yields something else",
        """
  def work():
      n = 0
      while True:
-         text = yield n
+         text = yield f"data: {n}"
          n += 1
          log.append(("v1", n, text))
""",
        TURNS,
    ),
    Form(
        "yield from",
        """
  def inner():
      while True:
          log.append(("inner", (yield 1)))
  def work():
      yield from inner()
      log.append("v1")
""",
        [("inner", "b"), ("inner", "c")],
    ),
    Form(
        "method with super() and a private name, new",
        """
  class Base:
      def say(self, *what):
          log.append(("v1", *what))
  class Room(Base):
      async def work(self):
          __n = 0
+         __k = __n + 1
          while True:
              text = await step("recv")
              __n += 1
-             log.append(("v1", __n, text))
+             super().say(__n, text, __k)
""",
        [("v2", 2, "b", 2), ("v2", 3, "c", 2)],
        start="Room().work()",
    ),
    Form(
        "comprehension around the await",
        """
  async def work():
      while True:
          log.append(("v1", [await step(i) for i in range(2)]))
""",
        [("v1", ["a", "b"]), ("v2", ["c", "d"])],
        after=["b", "c", "d"],
        kind="finish",
    ),
    Form(
        "code after the loop and its else",
        """
  async def work():
      for i in range(3):
          text = await step("recv")
          if text == "stop":
              break
      else:
          log.append("else v1")
      log.append("end v1")
      await step("last")
""",
        ["else v2", "end v2"],
    ),
    Form(
        "loop taken away",
        """
  async def work():
      n = 0
-     while True:
+     if True:
          text = await step("recv")
          n += 1
          log.append(("v1", n, text))
""",
        [("v1", 2, "b"), ("v1", 3, "c")],
        kind="stale",
        reason="its await was edited or is gone",
    ),
    Form(
        "a new parameter without a value",
        """
- async def work():
+ async def work(name=None, *, other):
      n = 0
      while True:
          text = await step("recv")
          n += 1
-         log.append(("v1", n, text))
+         log.append(("v1", n, text, other))
""",
        [("v1", 2, "b"), ("v1", 3, "c")],
        kind="stale",
        reason="other is bound by line",
    ),
    Form(
        "a new parameter with a constant default",
        """
- async def work():
+ async def work(name="you"):
      n = 0
      while True:
          text = await step("recv")
          n += 1
-         log.append(("v1", n, text))
+         log.append(("v1", n, text, name))
""",
        [("v2", 2, "b", "you"), ("v2", 3, "c", "you")],
    ),
]


def end(frame: Any) -> None:
    """Close a frame whose `finally` may await."""
    for _ in range(9):
        try:
            frame.close()
        except RuntimeError:
            continue
        return


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_parked_frame_takes_the_edit_as_its_form_says(form: Form) -> None:
    old, new = form.texts()
    live = Live(old)
    frame = eval(form.start, live.space)
    frame.send(None)
    for value in form.before:
        frame.send(value)

    [verdict] = live.swap(new, owners=[frame])
    live.log.clear()
    for value in form.after:
        frame.send(value)
    logged = list(live.log)
    end(frame)

    assert (verdict.kind, logged) == (form.kind, form.log), verdict.reason
    assert form.reason in verdict.reason


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_rolled_back_form(form: Form) -> None:
    old, new = form.texts()
    runs = []
    for swap in (False, True):
        live = Live(old)
        frame = eval(form.start, live.space)
        frame.send(None)
        for value in form.before:
            frame.send(value)
        if swap:
            live.swap(new, owners=[frame], commit=False)
        live.log.clear()
        for value in ("y", "z"):
            try:
                frame.send(value)
            except (StopIteration, TypeError) as error:
                live.log.append(type(error))
        runs.append(list(live.log))
        end(frame)

    assert runs[0] == runs[1]
