"""Keys: whose line it is, and what the terminal's modes are afterwards. tests/live/test_keys.py types on real ones."""

from __future__ import annotations

import asyncio
import io
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

if sys.platform == "win32":
    pytest.skip("terminals are POSIX's", allow_module_level=True)

import pty
import termios

from hotswap.keys import HELP, Keys, Stdin

if TYPE_CHECKING:
    from collections.abc import Iterator


class Typed:
    """Keys on a pty that is not our controlling terminal, told that they are in the foreground."""

    def __init__(self, *, program: bool) -> None:
        self.main, self.side = pty.openpty()
        self.said: list[str] = []
        self.done: list[str] = []
        actions = {name: (lambda name=name: self.done.append(name)) for name in "rzq"}
        self.keys = Keys(actions, self.said.append, program=program, descriptor=self.side)
        self.keys._foreground = lambda: True  # type: ignore[method-assign]

    def close(self) -> None:
        os.close(self.main)
        os.close(self.side)


@pytest.fixture(name="typed")
def _typed() -> Iterator[Typed]:
    one = Typed(program=False)
    yield one
    one.close()


async def until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


def test_lines_and_ctrl_r_are_keys_and_the_modes_come_back(typed: Typed) -> None:
    before = termios.tcgetattr(typed.side)

    async def main() -> None:
        typed.keys.start(asyncio.get_running_loop())
        during = termios.tcgetattr(typed.side)
        assert during[6][termios.VEOL] == b"\x12"
        assert during[3] == before[3]  # canonical, echo, signals: as they were
        for text, wanted in ((b"z\n", "z"), (b"\x12", "r"), (b"/reload\n", "r"), (b"q\n", "q")):
            os.write(typed.main, text)
            await until(lambda wanted=wanted: typed.done and typed.done[-1] == wanted)
            typed.done.clear()
        os.write(typed.main, b"nonsense\n")
        await until(lambda: typed.said == ["h + enter shows the keys"])
        typed.keys.stop()

    asyncio.run(main())

    assert termios.tcgetattr(typed.side) == before


def test_help_names_every_action(typed: Typed) -> None:
    typed.keys._typed(b"h\n")

    assert [line.split()[0] for line in typed.said[0].splitlines()] == [key for key, _ in HELP]


def test_a_terminal_in_another_mode_is_left_alone(typed: Typed) -> None:
    modes = termios.tcgetattr(typed.side)
    modes[3] &= ~termios.ICANON
    termios.tcsetattr(typed.side, termios.TCSANOW, modes)
    modes = termios.tcgetattr(typed.side)  # VMIN and VTIME are numbers in this mode

    async def main() -> None:
        typed.keys.start(asyncio.get_running_loop())
        assert termios.tcgetattr(typed.side) == modes
        os.write(typed.main, b"q\n")
        await asyncio.sleep(0)
        typed.keys.stop()

    asyncio.run(main())

    assert typed.done == []
    assert termios.tcgetattr(typed.side) == modes


def test_modes_that_somebody_set_since_are_theirs(typed: Typed) -> None:
    async def main() -> None:
        typed.keys.start(asyncio.get_running_loop())
        modes = termios.tcgetattr(typed.side)
        modes[6][termios.VEOL] = b"\x01"
        termios.tcsetattr(typed.side, termios.TCSANOW, modes)
        typed.keys.stop()

    asyncio.run(main())

    assert termios.tcgetattr(typed.side)[6][termios.VEOL] == b"\x01"


def test_in_the_background_nothing_is_read_or_set(typed: Typed) -> None:
    typed.keys._foreground = lambda: False  # type: ignore[method-assign]
    before = termios.tcgetattr(typed.side)

    async def main() -> None:
        typed.keys.start(asyncio.get_running_loop())
        assert termios.tcgetattr(typed.side) == before
        typed.keys.stop()

    asyncio.run(main())


def stdin(text: str, keys: Keys) -> Stdin:
    like = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    return Stdin(io.BytesIO(text.encode()), like, keys)


@pytest.fixture(name="keys")
def _keys() -> Keys:
    return Keys({}, lambda _: None, program=True)


def test_lines_typed_ahead_come_first(keys: Keys) -> None:
    keys._typed(b"ahead\n")
    reading = stdin("then\nlast\nrest", keys)

    assert [reading.readline(), reading.readline(), next(reading)] == [
        "ahead\n",
        "then\n",
        "last\n",
    ]
    keys._typed(b"more\n")
    assert reading.read(2) == "mo"
    assert reading.read() == "re\nrest"
    assert list(reading) == []


def test_reading_on_another_thread_takes_stdin_over(keys: Keys) -> None:
    reading = stdin("a\n", keys)
    thread = threading.Thread(target=reading.readline)

    assert not keys._taken
    thread.start()
    thread.join()

    assert keys._taken


def test_a_question_on_the_main_thread_does_not(keys: Keys) -> None:
    assert stdin("a\n", keys).readline() == "a\n"
    assert not keys._taken
    assert keys._asking == 0


def test_without_a_terminal_there_are_no_keys() -> None:
    read, write = os.pipe()
    keys = Keys({}, lambda _: None, program=False, descriptor=read)

    async def main() -> None:
        keys.start(asyncio.get_running_loop())

    asyncio.run(main())

    assert not keys.usable
    keys.stop()
    os.close(read)
    os.close(write)
