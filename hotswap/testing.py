"""Drive a program under hotswap from tests: ``pytest -p hotswap.testing`` gives the fixtures `project` and `live`.

A test writes files, saves edits and waits for what hotswap reports (``--json``), never for time to pass. Every wait has
one deadline, scaled by the environment variable ``HOTSWAP_TEST_TIME_FACTOR``.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal as signals
import socket
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from types import TracebackType
    from typing import Self

    from websockets.sync.client import ClientConnection

Event = dict[str, Any]
"""One line of ``--json``: docs/reference/events.md."""

FACTOR: Final = float(os.environ.get("HOTSWAP_TEST_TIME_FACTOR", "1"))
EVENT: Final = '{"v": '
"""How each line of ``--json`` begins."""
DEADLINE: Final = 30.0 * FACTOR
"""Seconds that anything may take before a test gives up; what is waited for comes in milliseconds."""


class NotSeenError(AssertionError):
    """What was waited for did not come; the message shows what came instead."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    text: str
    headers: Mapping[str, str]

    def json(self) -> Any:
        """Read the body as JSON."""
        return json.loads(self.text)


@dataclass(frozen=True, slots=True)
class Project:
    """A directory of files that a test writes and edits."""

    root: Path

    def path(self, name: str) -> Path:
        """Give the path of a file of the project."""
        return self.root / name

    def write(self, files: Mapping[str, str] | None = None, /, **modules: str) -> Self:
        """Write files, dedented; keyword arguments are modules: ``write(main="...")``."""
        for name, text in {
            **(files or {}),
            **{module.replace("__", "/") + ".py": text for module, text in modules.items()},
        }.items():
            path = self.path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            save(path, dedented(text))
        return self

    def read(self, name: str) -> str:
        """Read a file."""
        return self.path(name).read_text(encoding="utf-8")


def dedented(text: str) -> str:
    """Give a text block of a test without its common indentation and leading line break."""
    return textwrap.dedent(text).lstrip("\n")


def save(path: Path, text: str) -> None:
    """Save as most editors do: write a temporary file beside it, rename it over the old one."""
    beside = path.with_name(f".{path.name}.saving")
    beside.write_bytes(text.encode())
    beside.replace(path)


@dataclass(slots=True)
class Live:
    """A running ``python -m hotswap TARGET --json``."""

    target: str
    arguments: tuple[str, ...] = ()
    project: Project = field(default_factory=lambda: Project(Path.cwd()))
    env: Mapping[str, str] = field(default_factory=dict)
    python: str = sys.executable
    program: tuple[str, ...] | None = None
    """Arguments after the target, for scripts: no ``--port`` is added then."""
    deadline: float = DEADLINE

    events: list[Event] = field(default_factory=list)
    output: list[str] = field(default_factory=list)
    """Lines of stdout that are no events: the app's own prints."""
    errors: list[str] = field(default_factory=list)
    """Lines of stderr."""
    process: subprocess.Popen[bytes] = field(init=False, repr=False)
    _begun: str = field(default="", repr=False)
    """The beginning of a line of the program's that an event interrupted."""
    _news: threading.Condition = field(default_factory=threading.Condition, repr=False)
    _readers: list[threading.Thread] = field(default_factory=list, repr=False)

    def start(self, *, wait: bool = True) -> Self:
        """Start the process and, unless told otherwise, wait until it serves."""
        own = () if self.program is not None else ("--port", "0")
        command = [self.python, "-m", "hotswap", "--json", *own, *self.arguments, self.target]
        if signals.getsignal(signals.SIGINT) is signals.SIG_IGN:
            # begun in the background by a shell: the process would ignore what ends it, too
            signals.signal(signals.SIGINT, signals.default_int_handler)
        self.process = subprocess.Popen(  # noqa: S603 -- the test's own command
            [*command, *(self.program or ())],
            cwd=self.project.root,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        for stream, take in (
            (self.process.stdout, self._take_output),
            (self.process.stderr, self._take_error),
        ):
            reader = threading.Thread(target=self._read, args=(stream, take), daemon=True)
            reader.start()
            self._readers.append(reader)
        if wait:
            self.wait(lambda event: event["event"] == "started")
        return self

    def __enter__(self) -> Self:
        return self if hasattr(self, "process") else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """The process id, which an exec reload keeps."""
        return self.process.pid

    @property
    def url(self) -> str:
        """The first address it serves at, ``http://127.0.0.1:43211``."""
        started = [event for event in self._snapshot() if event["event"] == "started"]
        urls: list[str] = started[-1]["urls"]
        return urls[0]

    @property
    def port(self) -> int:
        """The TCP port of `url`."""
        return int(self.url.rpartition(":")[2])

    @property
    def outcomes(self) -> list[Event]:
        """The outcomes reported so far."""
        return [event for event in self._snapshot() if event["event"] == "outcome"]

    def wait(self, wanted: Callable[[Event], bool], *, since: int = 0, what: str = "") -> Event:
        """Give the first event from number `since` on for which `wanted` holds.

        Raises:
            NotSeenError: It did not come, or the process ended before.
        """
        end = time.monotonic() + self.deadline
        with self._news:
            seen = since
            while True:
                while seen < len(self.events):
                    event = self.events[seen]
                    seen += 1
                    if wanted(event):
                        return event
                left = end - time.monotonic()
                if left <= 0 or self._ended():
                    raise NotSeenError(self._told(what or "the event waited for did not come"))
                self._news.wait(min(left, 0.5))

    def wait_output(self, text: str, *, stream: str = "output") -> str:
        """Give the first line of stdout (or of stderr, ``stream="errors"``) that contains `text`.

        Raises:
            NotSeenError: It did not come, or the process ended before.
        """
        end = time.monotonic() + self.deadline
        with self._news:
            while True:
                for line in self.output if stream == "output" else self.errors:
                    if text in line:
                        return line
                left = end - time.monotonic()
                if left <= 0 or self._ended():
                    raise NotSeenError(self._told(f"no line with {text!r} in its {stream}"))
                self._news.wait(min(left, 0.5))

    def write(self, name: str, text: str) -> None:
        """Save a file and wait for nothing."""
        path = self.project.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        save(path, dedented(text))

    def save(self, name: str, text: str | Callable[[str], str]) -> Event:
        """Save a file and give the outcome that names it.

        Args:
            name: Relative to the project.
            text: The new text, or a function of the old one.
        """
        if callable(text):
            text = text(self.project.read(name))
        since = len(self._snapshot())
        self.write(name, text)
        return self.outcome_of(name, since=since)

    def swap(self, name: str, old: str, new: str) -> Event:
        """Save a file with `old` replaced by `new`; give the outcome."""
        text = self.project.read(name)
        if old not in text:
            raise AssertionError(f"{name} does not contain {old!r}")
        return self.save(name, lambda before: before.replace(old, new))

    def outcome_of(self, name: str, *, since: int = 0) -> Event:
        """Wait for an outcome that names the file."""

        def names_it(event: Event) -> bool:
            files = event.get("files", ())
            return event["event"] == "outcome" and any(str(one).endswith(name) for one in files)

        return self.wait(names_it, since=since, what=f"no outcome names {name}")

    def get(self, path: str = "/", **headers: str) -> Answer:
        """Ask over a connection of its own."""
        return self.request("GET", path, headers=headers)

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one HTTP request over a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.deadline)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode(), dict(answer.getheaders()))
        finally:
            connection.close()

    def websocket(
        self, path: str = "/ws", **options: Any
    ) -> AbstractContextManager[ClientConnection]:
        """Open a WebSocket in a ``with`` block."""
        from websockets.sync.client import connect

        options.setdefault("open_timeout", self.deadline)
        url = self.url.replace("http", "ws", 1) + path
        connection: AbstractContextManager[ClientConnection] = connect(url, proxy=None, **options)
        return connection

    def connect(self, port: int | None = None) -> socket.socket:
        """Open a TCP connection."""
        return socket.create_connection(("127.0.0.1", port or self.port), timeout=self.deadline)

    def signal(self, number: int) -> None:
        """Send a signal to the process."""
        self.process.send_signal(number)

    def stop(self, number: int = signals.SIGINT) -> int:
        """Send a signal that ends it and give the exit code; negative: ended by that signal."""
        if self.process.poll() is None:
            self.signal(number)
        return self.ended()

    def ended(self) -> int:
        """Wait for the process to end by itself; give the exit code."""
        try:
            code = self.process.wait(self.deadline)
        except subprocess.TimeoutExpired:
            raise NotSeenError(self._told("the process did not end")) from None
        for reader in self._readers:
            reader.join(self.deadline)
        return code

    def kill(self) -> None:
        """End the process whatever it does, and close the pipes."""
        if not hasattr(self, "process"):
            return
        if self.process.poll() is None:
            self.process.send_signal(signals.SIGTERM)
            try:
                self.process.wait(10 * FACTOR)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join(self.deadline)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _environment(self) -> dict[str, str]:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("HOTSWAP_", "UVICORN_", "PORT"))
            or name.startswith("HOTSWAP_TEST_")
        }
        inherited["PYTHONPATH"] = os.pathsep.join(
            [_home(), inherited.get("PYTHONPATH", "")]
        ).rstrip(os.pathsep)
        inherited["PYTHONUNBUFFERED"] = "1"
        return {**inherited, **self.env}

    def _read(self, stream: Any, take: Callable[[str], None]) -> None:
        for raw in stream:
            line = raw.decode(errors="replace").rstrip("\n")
            with self._news:
                take(line)
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def _take_output(self, line: str) -> None:
        """Tell events from the program's own lines, into the middle of which an event of another thread may fall."""
        place = line.find(EVENT)
        if place >= 0:
            with contextlib.suppress(json.JSONDecodeError):
                self.events.append(json.loads(line[place:]))
                self._begun += line[:place]
                return
        self.output.append(self._begun + line)
        self._begun = ""

    def _take_error(self, line: str) -> None:
        self.errors.append(line)

    def _snapshot(self) -> list[Event]:
        with self._news:
            return list(self.events)

    def _ended(self) -> bool:
        return self.process.poll() is not None and not any(
            reader.is_alive() for reader in self._readers
        )

    def _told(self, what: str) -> str:
        state = (
            "running" if self.process.poll() is None else f"ended with {self.process.returncode}"
        )
        events = "\n".join(json.dumps(event)[:600] for event in self.events[-8:])
        errors = "\n".join(self.errors[-40:])
        output = "\n".join(self.output[-10:])
        return f"{what}; the process is {state}\n--- events\n{events}\n--- stdout\n{output}\n--- stderr\n{errors}"


def _home() -> str:
    """Give the directory that hotswap itself is imported from, so that the child finds the same one."""
    import hotswap

    return str(Path(hotswap.__file__ or "").parent.parent)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A directory to write a program into."""
    return Project(tmp_path)


@pytest.fixture
def live(project: Project) -> Iterator[Callable[..., Live]]:
    """Start programs of `project`: ``live("main:app", "--exec", "never")``; all are stopped after the test."""
    running: list[Live] = []

    def begin(
        target: str = "main:app",
        *arguments: str,
        wait: bool = True,
        env: Mapping[str, str] | None = None,
        program: tuple[str, ...] | None = None,
    ) -> Live:
        one = Live(target, arguments, project, env or {}, program=program)
        running.append(one)
        return one.start(wait=wait)

    yield begin
    for one in running:
        one.kill()
