"""Golden texts: what a person reads, and what a machine does."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import pytest

from hotswap.console import Console
from hotswap.source.model import Change, Fault, Frame, Outcome, Reload, Stale

R = "/w"
F = "/w/demo_server/chat.py"
G = "/w/demo_server/models.py"


@dataclass
class Desk:
    """A console on paper, with a clock and a timer that are played."""

    stream: io.StringIO = field(default_factory=io.StringIO)
    now: float = 50.0
    timers: list[tuple[float, Any]] = field(default_factory=list)
    console: Console = field(init=False)

    def open(self, **options: Any) -> Console:
        self.console = Console(
            stream=self.stream,
            root=R,
            wall=lambda: "14:03:07",
            clock=lambda: self.now,
            later=lambda delay, call: self.timers.append((self.now + delay, call)),
            **options,
        )
        return self.console

    def text(self) -> str:
        text = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        return text

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        due = [call for when, call in self.timers if when <= self.now]
        self.timers = [(when, call) for when, call in self.timers if when > self.now]
        for call in due:
            call()


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def patched(generation: int = 12, **more: Any) -> Outcome:
    changes = (
        Change("~", F, "Room.say", "body", kept="1 Room, 5 sockets"),
        Change("+", F, "Room.kick", "new"),
    )
    return Outcome(True, "patch", (F,), changes, generation=generation, ms=9.2, **more)


def broken(**more: Any) -> Outcome:
    fault = Fault("HS101", "syntax error", "expected ':'", F, 41, 19, "        def say(self)")
    return Outcome(False, None, (F,), fault=fault, generation=13, pending=(F,), **more)


def golden(text: str) -> str:
    """Strip the common indentation of a golden text."""
    import textwrap

    return textwrap.dedent(text).lstrip("\n")


def test_a_patch(desk):
    desk.open().outcome(patched())
    assert desk.text() == golden(
        """
        14:03:07  demo_server/chat.py      patched in 9 ms        gen 12
                  ~ Room.say       body          1 Room, 5 sockets
                  + Room.kick      new
        """
    )


def test_a_syntax_error_shows_the_place(desk):
    desk.open().outcome(broken())
    assert desk.text() == golden(
        """
        14:03:07  demo_server/chat.py      not swapped, still running gen 13   HS101
                  line 41: syntax error: expected ':'
                    def say(self)
                              ^
        """
    )


def test_a_fault_in_another_file_shows_the_users_frames_and_what_waits(desk):
    fault = Fault(
        "HS201",
        "NameError while LIMIT ran",
        "NameError: name 'x' is not defined",
        G,
        3,
        text="LIMIT = bound(x)",
        frames=(
            Frame(G, 3, "<module>", "LIMIT = bound(x)"),
            Frame("/w/demo_server/rules.py", 8, "bound", "    return x"),
        ),
        hint="define x before line 3",
    )
    desk.open().outcome(
        Outcome(False, "reexec", (F, G), fault=fault, generation=13, pending=(F, G, "/w/old.py"))
    )
    assert desk.text() == golden(
        """
        14:03:07  demo_server/chat.py +1   not swapped, still running gen 13   HS201
                  demo_server/models.py, line 3: NameError while LIMIT ran: NameError: name 'x' is not defined
                    LIMIT = bound(x)
                    at demo_server/models.py:3 in <module>   LIMIT = bound(x)
                    at demo_server/rules.py:8 in bound   return x
                  -> define x before line 3
                  waiting too: old.py
        """
    )


def test_an_exec_reload_says_what_it_kept_and_lost(desk):
    outcome = Outcome(
        True,
        "exec",
        (G,),
        (Change("!", G, "Message", "base class Base -> Model"),),
        reason="the layout of Message changed",
        generation=13,
        ms=412.4,
        reload=Reload(
            {"listener": 1, "websocket": 5, "stream": 0},
            ("2 TLS connections: start with --tls-keeper",),
            restarted=2,
            state_bytes=12_345,
            blackout_ms=371.2,
        ),
    )
    desk.open().outcome(outcome)
    assert desk.text() == golden(
        """
        14:03:07  demo_server/models.py    exec reload in 412 ms  gen 13
                  ! Message        base class Base -> Model
                  ! the layout of Message changed
                  kept 1 listener, 5 websockets; 2 handlers entered again; state 12 kB; blackout 371 ms; lost 1
                  ! lost 2 TLS connections: start with --tls-keeper
        """
    )


def test_two_connections_of_http_are_no_https(desk):
    kept = Reload({"http": 2, "sse": 2, "websocket": 2})
    desk.open().outcome(Outcome(True, "exec", (G,), reason="asked for", reload=kept))
    assert "kept 2 http, 2 sse, 2 websockets" in desk.text()


def test_what_still_runs_old_code_is_named(desk):
    stale = Stale("clock", "body", "a loop in it never returns", F, 12, 3)
    desk.open().outcome(Outcome(True, "patch", (F,), stale=(stale,), generation=14, ms=0.42))
    assert desk.text() == golden(
        """
        14:03:07  demo_server/chat.py      patched in 0.4 ms      gen 14
                  ! clock          old body still in use (x3): a loop in it never returns (demo_server/chat.py:12)
        """
    )


@pytest.mark.parametrize(
    ("what", "times", "said"),
    [
        ("task", 1, "1 task still runs the old body: waits in a C call"),
        ("async generator", 3, "3 async generators still run the old body: waits in a C call"),
        ("docstring", 1, "old docstring still in use: waits in a C call"),
    ],
)
def test_how_stale_things_are_named(desk, what, times, said):
    stale = Stale("poll", what, "waits in a C call", F, 41, times)
    desk.open().outcome(Outcome(True, "patch", (F,), stale=(stale,), generation=14, ms=1))
    assert f"! poll           {said} (demo_server/chat.py:41)\n" in desk.text()


def test_a_plan_that_needs_exec(desk):
    desk.open().outcome(
        Outcome(False, "exec", (F,), reason="__slots__ of Room changed", generation=13)
    )
    assert desk.text() == golden(
        """
        14:03:07  demo_server/chat.py      needs an exec reload, still running gen 13
                  ! __slots__ of Room changed
        """
    )


def test_eight_details_and_never_without_what_needs_attention(desk):
    changes = tuple(Change("~", F, f"f{number}", "body") for number in range(20))
    stale = (Stale("clock", "body", "a loop in it never returns"),)
    outcome = Outcome(True, "patch", (F,), changes, stale, generation=14, ms=20)
    desk.open().outcome(outcome)
    lines = desk.text().splitlines()
    assert len(lines) == 1 + 7 + 1
    assert lines[-2].split()[:2] == ["!", "clock"]
    assert lines[-1].strip() == "and 14 more (-v shows all)"
    desk.open(verbosity=1).outcome(outcome)
    assert len(desk.text().splitlines()) == 1 + 21


def test_an_unchanged_file_is_one_line_and_nothing_at_all_is_silence(desk):
    console = desk.open()
    console.outcome(Outcome(True, "noop", (), generation=3))
    assert desk.text() == ""
    console.outcome(Outcome(True, "noop", (F,), generation=3, ms=1.3))
    assert desk.text() == "14:03:07  demo_server/chat.py      unchanged in 1 ms      gen 3\n"


def test_a_broken_file_that_is_put_back_is_told(desk):
    console = desk.open()
    console.outcome(broken())
    desk.text()
    console.outcome(Outcome(True, "noop", (), generation=13))
    assert desk.text() == "14:03:07  demo_server/chat.py      mended, nothing new    gen 13\n"
    console.outcome(Outcome(True, "noop", (), generation=13))
    assert desk.text() == ""


def test_a_touched_file_is_told_with_v_only(desk):
    touched = Outcome(True, "noop", (), reason="nothing differs from what runs")
    desk.open().outcome(touched)
    assert desk.text() == ""
    desk.open(verbosity=1).outcome(touched)
    assert desk.text() == "14:03:07  nothing differs from what runs\n"


def test_changes_of_other_files_name_them(desk):
    changes = (Change("~", F, "LIMIT", "value"), Change("~", G, "TOTAL", "re-run", "reads LIMIT"))
    desk.open().outcome(Outcome(True, "reexec", (F,), changes, generation=2, ms=4))
    assert desk.text() == golden(
        """
        14:03:07  demo_server/chat.py      re-executed in 4 ms    gen 2
                  ~ LIMIT          value
                  ~ TOTAL          re-run, reads LIMIT  demo_server/models.py
        """
    )


def test_ten_saves_a_second_every_other_one_broken_are_counted(desk):
    console = desk.open()
    for number in range(12):
        console.outcome(patched(20 + number))
        desk.pass_time(0.05)
        console.outcome(broken())
        desk.pass_time(0.05)
    first = desk.text()
    assert first.count("patched") == 1
    assert first.count("not swapped") == 1
    desk.pass_time(1.0)
    end = desk.text()
    assert "patched in 9 ms        gen 31   (x12)\n" in end
    assert "not swapped, still running gen 13   (x12)   HS101\n" in end
    assert end.index("patched") < end.index("not swapped")  # the last line says how things stand
    desk.pass_time(5.0)
    assert desk.text() == ""


def test_slow_saves_get_a_line_each(desk):
    console = desk.open()
    for number in range(3):
        console.outcome(patched(number))
        desk.pass_time(2.0)
    assert desk.text().count("patched") == 3


def test_a_burst_ends_with_whatever_comes_next(desk):
    console = desk.open()
    for number in range(5):
        console.outcome(patched(number))
    desk.text()
    console.say("exec reload asked for")
    assert desk.text().splitlines()[0].endswith("(x5)")


def test_a_different_outcome_is_never_held_back(desk):
    console = desk.open()
    console.outcome(patched(1))
    console.outcome(Outcome(True, "patch", (G,), generation=2, ms=1))
    assert desk.text().count("patched") == 2


def test_without_a_loop_the_count_comes_with_the_next_line(desk):
    stream = io.StringIO()
    console = Console(stream=stream, root=R, wall=lambda: "t", clock=lambda: desk.now)
    console.outcome(patched(1))
    console.outcome(patched(2))
    desk.now += 10
    console.outcome(broken())
    assert [
        line.split()[2] for line in stream.getvalue().splitlines() if line.startswith("t ")
    ] == [
        "patched",
        "patched",
        "not",
    ]


def test_quiet_says_only_what_went_wrong(desk):
    console = desk.open(verbosity=-1)
    console.started({"version": "1", "target": "m:app", "urls": []})
    console.outcome(patched())
    console.say("hello")
    assert desk.text() == ""
    console.outcome(broken())
    console.say("careful", level="warning")
    assert desk.text().count("14:03:07") == 2


def test_debug_notes_need_v(desk):
    desk.open().say("chat.py is not imported", level="debug")
    assert desk.text() == ""
    desk.open(verbosity=1).say("chat.py is not imported", level="debug")
    assert desk.text() == "14:03:07  chat.py is not imported\n"


def test_the_banner(desk):
    desk.open().started(
        {
            "version": "0.4",
            "target": "demo_server.main:app",
            "urls": ["http://127.0.0.1:8000"],
            "generation": 0,
            "modules": 9,
            "templates": 1,
            "data_files": 2,
            "watching": ["/w", "/w/demo_server"],
            "polling": "every 0.25 s: 9p mount /mnt/c",
            "tips": ["prices.py: make tea cheaper", "say [bold]hello[/bold]"],
            "keys": True,
        }
    )
    assert desk.text() == golden(
        """
        hotswap 0.4  demo_server.main:app  http://127.0.0.1:8000   gen 0
          watching 9 modules, 1 template, 2 data files in ., demo_server
          polling every 0.25 s: 9p mount /mnt/c
          try
            1. prices.py: make tea cheaper
            2. say [bold]hello[/bold]
          h + enter for help

        """
    )


def test_the_banner_names_the_process_to_send_signals_to_at_v(desk):
    desk.open(verbosity=1).started({"version": "0.4", "target": "m:app", "pid": 42})
    assert desk.text().splitlines()[0] == "hotswap 0.4  m:app   gen 0   pid 42"


def test_no_banner_after_an_exec_reload_and_none_of_what_is_not_watched(desk):
    console = desk.open()
    console.started({"version": "0.4", "target": "m:app", "resumed": True})
    assert desk.text() == ""
    console.started({"version": "0.4", "target": "m:app"})
    assert "watching nothing" in desk.text()


def test_a_fault_of_no_swap(desk):
    fault = Fault(
        "HS501", "the inotify watch table is full", "all 8192 are taken", hint="sudo sysctl x=1"
    )
    desk.open().fault(fault, headline="cannot watch everything")
    assert desk.text() == golden(
        """
        14:03:07  cannot watch everything   HS501
                  the inotify watch table is full: all 8192 are taken
                  -> sudo sysctl x=1
        """
    )


def test_messages_cannot_move_the_cursor(desk):
    desk.open().say("a\x1b[2Jb\x07\u202ec\nsecond\tline", level="error")
    assert desk.text() == "14:03:07  a\\x1b[2Jb\\x07\\u202ec\n          second  line\n"


def test_a_stream_that_knows_only_ascii(desk):
    raw = io.BytesIO()
    console = Console(stream=io.TextIOWrapper(raw, encoding="ascii"), root=R, wall=lambda: "t")
    console.say("café 茶")
    assert raw.getvalue() == b"t         caf\\xe9 \\u8336\n"


def test_a_reader_that_went_away_does_not_stop_the_program():
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    console = Console(stream=Broken())
    console.say("hello")
    console.say("hello")


def test_json_is_one_object_a_line_with_a_version(desk):
    console = desk.open(json=True)
    console.started({"version": "0.4", "urls": ["http://127.0.0.1:1"], "resumed": True})
    console.outcome(patched())
    console.outcome(patched())
    console.say("note", level="debug", path="/x")
    console.fault(Fault("HS301", "t", "m"), headline="failed")
    console.stopped(code=0)
    events = [json.loads(line) for line in desk.text().splitlines()]
    assert [event["event"] for event in events] == [
        "started",
        "outcome",
        "outcome",
        "note",
        "fault",
        "stopped",
    ]
    assert {event["v"] for event in events} == {1}
    assert events[1]["verdict"] == "swapped"
    assert events[1]["changes"][0]["name"] == "Room.say"
    assert events[3] == {"v": 1, "event": "note", "level": "debug", "text": "note", "path": "/x"}
    assert events[4]["fault"]["code"] == "HS301"


def rendered(monkeypatch, *outcomes: Outcome, width: int = 72, **variables: str) -> str:
    for name, value in {
        "FORCE_COLOR": "1",
        "COLUMNS": str(width),
        "TERM": "xterm-256color",
        **variables,
    }.items():
        monkeypatch.setenv(name, value)
    stream = io.StringIO()
    console = Console(stream=stream, root=R, wall=lambda: "14:03:07")
    for outcome in outcomes:
        console.outcome(outcome)
    return stream.getvalue()


def test_on_a_terminal_there_are_colours(monkeypatch):
    text = rendered(monkeypatch, patched())
    assert "\x1b[32mpatched\x1b[0m" in text


def test_no_color_is_honoured(monkeypatch):
    text = rendered(monkeypatch, patched(), NO_COLOR="1")
    assert "32m" not in text
    assert "patched" in text


def test_markup_and_emoji_codes_stay_what_they_are(monkeypatch):
    note = "[red]not markup[/red] :smile: [/oops]"
    assert note in rendered(monkeypatch, patched(notes=(note,)), width=200)


def test_long_lines_hang_under_their_beginning(monkeypatch):
    from rich.text import Text

    stale = Stale("clock", "body", "a loop in it never returns " * 4)
    text = Text.from_ansi(rendered(monkeypatch, patched(stale=(stale,)), width=60)).plain
    lines = text.splitlines()
    assert all(len(line) <= 60 for line in lines)
    tail = [line for line in lines if line.startswith(" " * 27)]
    assert len(tail) >= 2


def test_wide_characters_keep_the_columns(desk):
    changes = (Change("~", F, "茶室", "body", kept="1"), Change("~", F, "room", "body", kept="2"))
    desk.open().outcome(Outcome(True, "patch", (F,), changes, generation=1, ms=1))
    _, wide, narrow = desk.text().splitlines()
    assert wide.index("body") + 2 == narrow.index("body")


def test_plain_and_json_never_import_rich():
    program = (
        "import sys; from hotswap.console import Console; from hotswap.source.model import Outcome\n"
        "for json in (False, True):\n"
        "    Console(json=json, stream=sys.stdout).outcome(Outcome(True, 'patch', ('/x',)))\n"
        "assert not [name for name in sys.modules if name.split('.')[0] in ('rich', 'watchdog', 'jurigged')]\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=30,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 2


def test_notes_come_before_the_fourth_change(desk):
    changes = tuple(Change("~", F, f"f{number}", "body") for number in range(20))
    notes = tuple(f"note {number}" for number in range(9))
    desk.open().outcome(Outcome(True, "patch", (F,), changes, notes=notes[:2], ms=20))
    lines = [line.strip() for line in desk.text().splitlines()]
    assert [line[:4] for line in lines[1:6]] == ["~ f0", "~ f1", "~ f2", "~ f3", "~ f4"]
    assert lines[6:] == ["note 0", "note 1", "and 15 more (-v shows all)"]
    desk.open().outcome(Outcome(True, "patch", (F,), changes, notes=notes, ms=20))
    lines = [line.strip() for line in desk.text().splitlines()]
    assert lines[4:] == ["note 0", "note 1", "note 2", "note 3", "and 22 more (-v shows all)"]
