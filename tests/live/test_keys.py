"""Keys on a real terminal: a pty, in canonical mode, with a session of its own."""

from __future__ import annotations

import contextlib
import os
import pty
import signal
import subprocess
import sys
import termios
import threading
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import hotswap
from hotswap.testing import DEADLINE, NotSeenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hotswap.testing import Project

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform == "win32", reason="terminals are POSIX's"),
]

APP = """
    from fastapi import FastAPI

    app = FastAPI()
    asked = []


    def word():
        return "one"


    @app.get("/")
    def index():
        asked.append(word())
        return len(asked)
"""


class Terminal:
    """A program on a terminal of its own, and what it wrote there."""

    def __init__(self, command: list[str], cwd: Path) -> None:
        self.main, side = pty.openpty()
        self.before = termios.tcgetattr(side)
        env = {
            **{name: text for name, text in os.environ.items() if not name.startswith("HOTSWAP_")},
            "PYTHONPATH": str(Path(hotswap.__file__).parent.parent),
            "TERM": "dumb",
            "NO_COLOR": "1",
            "COLUMNS": "200",
        }
        code = (
            "import os, sys, fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
            "os.execvp(sys.argv[1], sys.argv[1:])"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *command],
            cwd=cwd,
            env=env,
            stdin=side,
            stdout=side,
            stderr=side,
            start_new_session=True,
        )
        self.side = side
        self.text = ""
        self.news = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self.main, 65536):
                with self.news:
                    self.text += data.decode(errors="replace")
                    self.news.notify_all()

    def type(self, text: str) -> int:
        """Type; give the place in the output from which answers to it come."""
        with self.news:
            place = len(self.text)
        os.write(self.main, text.encode())
        return place

    def see(self, text: str, since: int = 0) -> str:
        end = time.monotonic() + DEADLINE
        with self.news:
            while text not in self.text[since:]:
                left = end - time.monotonic()
                if left <= 0:
                    raise NotSeenError(f"{text!r} is not in\n{self.text[since:]}")
                self.news.wait(min(left, 0.5))
            return self.text[since:]

    def ended(self) -> int:
        return self.process.wait(DEADLINE)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        os.close(self.side)
        self.reader.join(DEADLINE)
        os.close(self.main)


@pytest.fixture(name="terminal")
def _terminal(project: Project) -> Iterator[Callable[..., Terminal]]:
    opened: list[Terminal] = []

    def begin(*arguments: str, module: str = "hotswap") -> Terminal:
        command = [sys.executable, "-m", module, *arguments]
        opened.append(Terminal(command, project.root))
        return opened[-1]

    yield begin
    for one in opened:
        one.close()


def serve(terminal: Callable[..., Terminal], *flags: str) -> Terminal:
    one = terminal(*flags, "--port", "0", "main:app")
    one.see("gen 0")
    one.see("h + enter")
    return one


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_letters_with_enter(project: Project, terminal: Callable[..., Terminal], loop: str) -> None:
    project.write(main=APP)
    one = serve(terminal, "--loop", loop)

    assert "reload now" in one.see("q + enter", one.type("h\n"))
    one.see("nothing has been swapped yet", one.type("s\n"))
    one.see("http://127.0.0.1:", one.type("u\n"))
    one.see("h + enter shows the keys", one.type("nonsense\n"))
    place = one.type("p\n")
    one.see("watching is paused", place)
    project.write(main=APP.replace('"one"', '"two"'))
    one.see("patched", one.type("p\n"))
    one.see("patched", one.type("s\n"))
    one.see("nothing to undo", one.type("z\nz\n"))
    one.type("q\n")
    assert one.ended() == 0
    assert termios.tcgetattr(one.side) == one.before


def test_ctrl_r_reloads_at_once_and_the_terminal_is_as_before(
    project: Project, terminal: Callable[..., Terminal]
) -> None:
    project.write(main=APP)
    one = serve(terminal)
    pid = one.process.pid

    one.see("exec reload in", one.type("\x12"))
    one.see("exec reload in", one.type("/reload\n"))
    assert ask(one) == 1
    one.see("exec reload in", one.type("r\n"))
    assert ask(one) == 2
    one.see("exec reload in", one.type("R\n"))
    assert ask(one) == 1  # fresh state

    assert one.process.pid == pid
    one.see("patched", _saved(project, one))
    one.type("\x03")
    assert one.ended() == -signal.SIGINT
    assert termios.tcgetattr(one.side) == one.before


def ask(terminal: Terminal) -> int:
    url = "http://127.0.0.1:" + terminal.text.split("http://127.0.0.1:")[1].split()[0]
    with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
        return int(answer.read())


def _saved(project: Project, terminal: Terminal) -> int:
    with terminal.news:
        place = len(terminal.text)
    project.write(main=APP.replace('"one"', '"three"'))
    return place


def test_what_a_program_reads_reaches_it(
    project: Project, terminal: Callable[..., Terminal]
) -> None:
    project.write(
        main="""
        name = input("name? ")
        print("hello", name)
        for number in range(2):
            print("more", input())
        import sys
        print("last", sys.stdin.readline().strip())
        """
    )
    one = terminal("main.py")
    one.see("name? ")

    one.see("hello h", one.type("h\n"))
    one.see("more r", one.type("r\n"))
    one.see("more /reload", one.type("/reload\n"))
    one.see("last q", one.type("q\n"))

    assert one.ended() == 0


def test_typed_ahead_lines_reach_a_program_with_a_loop(
    project: Project, terminal: Callable[..., Terminal]
) -> None:
    project.write(
        main="""
        import asyncio, sys

        async def main():
            print("waits", flush=True)
            await asyncio.sleep(0.6)
            print("got", input("? "), flush=True)
            loop = asyncio.get_running_loop()
            line = await loop.run_in_executor(None, sys.stdin.readline)
            print("then", line.strip(), flush=True)

        asyncio.run(main())
        """
    )
    one = terminal("main.py")
    one.see("waits")

    place = one.type("ahead\n")
    one.see("got ahead", place)
    # no key: it may be typed before the other thread reads
    one.see("then more", one.type("more\n"))

    assert one.ended() == 0


def test_a_breakpoint_has_the_terminal_to_itself(
    project: Project, terminal: Callable[..., Terminal]
) -> None:
    project.write(
        main="""
        from fastapi import FastAPI

        app = FastAPI()

        @app.get("/")
        async def index():
            answer = 41
            breakpoint()
            return answer
        """
    )
    one = serve(terminal)
    url = one.text.split("http://127.0.0.1:")[1].split()[0]
    with subprocess.Popen(
        [
            "python3",
            "-c",
            f"import urllib.request as u; print(u.urlopen('http://127.0.0.1:{url}/').read())",
        ],
        stdout=subprocess.PIPE,
    ) as client:
        one.see("(Pdb)")
        one.see("42", one.type("answer + 1\n"))
        one.see("(Pdb)", one.type("q2 = answer\n"))
        one.type("c\n")
        assert client.communicate(timeout=DEADLINE)[0] == b"b'41'\n"
    one.see("q + enter", one.type("h\n"))
