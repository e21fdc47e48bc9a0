"""VS Code's debugger (debugpy), as docs/how-to/debug-vscode.md has it: breakpoints are hit after swaps."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest

import hotswap
from hotswap.testing import DEADLINE
from tests.handover.support import own_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hotswap.testing import Project

pytest.importorskip("debugpy")

pytestmark = [pytest.mark.live, pytest.mark.slow]

APP = """
    from fastapi import FastAPI

    app = FastAPI()


    @app.get("/")
    async def home():
        word = "one"
        return word
"""


class Editor:
    """The editor's side of the Debug Adapter Protocol."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE)
        self._file = self._socket.makefile("rb")
        self._number = 0
        self._messages: list[dict[str, Any]] = []

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def send(self, command: str, **arguments: Any) -> int:
        self._number += 1
        message = {"seq": self._number, "type": "request", "command": command}
        words = json.dumps({**message, "arguments": arguments}).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n" % len(words) + words)
        return self._number

    def ask(self, command: str, **arguments: Any) -> Any:
        number = self.send(command, **arguments)
        answer = self.until(lambda message: message.get("request_seq") == number)
        assert answer["success"], answer
        return answer.get("body")

    def event(self, name: str) -> Any:
        return self.until(lambda message: message.get("event") == name).get("body")

    def until(self, wanted: Any) -> dict[str, Any]:
        """Give the first message that is wanted, and forget it; what comes before it is kept."""
        for place, message in enumerate(self._messages):
            if wanted(message):
                return self._messages.pop(place)
        while True:
            length = 0
            while line := self._file.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            message = json.loads(self._file.read(length))
            if wanted(message):
                found: dict[str, Any] = message
                return found
            self._messages.append(message)

    def stop_at(self, path: Path, line: int) -> None:
        places = self.ask(
            "setBreakpoints", source={"path": str(path)}, breakpoints=[{"line": line}]
        )["breakpoints"]
        assert [place["verified"] for place in places] == [True], places

    def stopped(self) -> tuple[int, int, dict[str, str]]:
        """Wait for a breakpoint; give the thread, the line and the locals there."""
        thread = self.event("stopped")["threadId"]
        frame = self.ask("stackTrace", threadId=thread)["stackFrames"][0]
        scope = self.ask("scopes", frameId=frame["id"])["scopes"][0]["variablesReference"]
        found = self.ask("variables", variablesReference=scope)["variables"]
        return thread, frame["line"], {each["name"]: each["value"] for each in found}


@pytest.fixture(name="debugged")
def _debugged(project: Project) -> Iterator[tuple[Editor, int, subprocess.Popen[str]]]:
    project.write(main=APP)
    port, debugger = own_port(), own_port()
    command = [sys.executable, "-m", "debugpy", "--listen", f"127.0.0.1:{debugger}"]
    process = subprocess.Popen(
        [*command, "--wait-for-client", "-m", "hotswap", "main:app", "--port", str(port), "--json"],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(Path(hotswap.__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    editor = None
    try:
        while editor is None:
            try:
                editor = Editor(debugger)
            except ConnectionRefusedError:
                assert process.poll() is None
        editor.ask("initialize", adapterID="python", pathFormat="path")
        attached = editor.send("attach", justMyCode=True)
        editor.event("initialized")
        editor.ask("configurationDone")
        editor.until(lambda message: message.get("request_seq") == attached)
        yield editor, port, process
    finally:
        if editor is not None:
            editor.close()
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def until(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{") and json.loads(line)["event"] == event:
            found: dict[str, Any] = json.loads(line)
            return found
    pytest.fail(f"no {event}")


def ask(port: int) -> tuple[threading.Thread, list[str]]:
    """Ask in a thread: the answer comes when the debugger lets go."""
    got: list[str] = []

    def run() -> None:
        with urlopen(f"http://127.0.0.1:{port}/") as answer:
            got.append(json.load(answer))

    thread = threading.Thread(target=run)
    thread.start()
    return thread, got


def test_breakpoints_follow_swaps(
    project: Project, debugged: tuple[Editor, int, subprocess.Popen[str]]
) -> None:
    editor, port, process = debugged
    until(process, "started")
    path = project.path("main.py")
    editor.stop_at(path, 9)  # return word
    thread, got = ask(port)
    stopped, line, names = editor.stopped()
    assert (line, names["word"]) == (9, "'one'")
    editor.ask("continue", threadId=stopped)
    thread.join(DEADLINE)

    # lines above it and an edited body: the editor moves its breakpoint with the text, and says so when it is saved
    project.write(
        main=APP.replace("    app =", "    # a line\n    # more\n    app =").replace("one", "two")
    )
    assert until(process, "outcome")["verdict"] == "swapped"
    editor.stop_at(path, 11)
    thread, got = ask(port)
    stopped, line, names = editor.stopped()
    assert (line, names["word"]) == (11, "'two'")
    editor.ask("continue", threadId=stopped)
    thread.join(DEADLINE)
    assert got == ["two"]
