"""Debuggers, tracers and coverage see the new text in a frame that was swapped, and nothing else changes."""

from __future__ import annotations

import io
import pdb  # noqa: T100  it is what is tested
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hotswap.live.loops import supported
from tests.property.test_loops_random import Run
from tests.unit.loops_live import Live, codes

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(bool(supported()), reason=supported())

OLD = """
def work():
    n = 0
    while True:
        got = yield n
        n += 1
        log.append(("v1", n, got))
"""
NEW = """
# a line more
def work():
    n = 0
    more = 5
    while True:
        got = yield n
        n += 1
        twice = n * 2
        log.append(("v2", n, got, twice, more))
"""


def lines_of(source: str, live: Live) -> list[str]:
    return (live.prelude + source).split("\n")


@pytest.fixture
def tracing() -> Iterator[None]:
    before = sys.gettrace()
    yield
    sys.settrace(before)


class Tracer:
    """Records the lines that one module's frames pass."""

    def __init__(self, name: str, *, opcodes: bool = False) -> None:
        self.name = name
        self.opcodes = opcodes
        self.lines: list[int] = []

    def __call__(self, frame: Any, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename != self.name or frame.f_code.co_name != "work":
            return None
        frame.f_trace_opcodes = self.opcodes
        if event == "line":
            self.lines.append(frame.f_lineno)
        return self


@pytest.mark.parametrize("opcodes", [False, True])
@pytest.mark.parametrize("when", ["before", "during", "after"])
@pytest.mark.usefixtures("tracing")
def test_a_trace_function_sees_the_new_lines(when: str, opcodes: bool) -> None:
    live = Live(OLD)
    tracer = Tracer(live.name, opcodes=opcodes)
    if when == "before":
        sys.settrace(tracer)
    generator = live["work"]()
    next(generator)
    generator.send("a")
    if when == "during":
        sys.settrace(tracer)
    live.swap(NEW, owners=[generator], functions=False)
    if when == "after":
        sys.settrace(tracer)
    tracer.lines.clear()
    generator.send("b")
    sys.settrace(None)

    text = lines_of(NEW, live)
    assert live.log == [("v1", 1, "a"), ("v2", 2, "b", 4, 5)]
    seen = [text[n - 1].strip() for n in tracer.lines]
    assert seen[-5:] == [
        "n += 1",
        "twice = n * 2",
        'log.append(("v2", n, got, twice, more))',
        "while True:",
        "got = yield n",
    ] or seen[-4:] == [
        "n += 1",
        "twice = n * 2",
        'log.append(("v2", n, got, twice, more))',
        "got = yield n",
    ]
    assert generator.gi_frame.f_locals["twice"] == 4
    assert text[generator.gi_frame.f_lineno - 1].strip() == "got = yield n"
    generator.close()


@pytest.mark.slow
@pytest.mark.usefixtures("tracing")
def test_a_traced_random_program_does_the_same() -> None:
    seen: list[int] = []

    def tracer(frame: Any, event: str, argument: Any) -> Any:
        if frame.f_code.co_name != "work":
            return None
        seen.append(frame.f_lineno or 0)
        return tracer

    for seed in (40, 42):
        plain = Run(seed, swapping=False).trace()
        run = Run(seed, swapping=True)
        sys.settrace(tracer)
        try:
            swapped = run.trace()
        finally:
            sys.settrace(None)
        assert swapped == plain
    assert seen


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring is new in 3.12")
@pytest.mark.parametrize("when", ["before", "after"])
def test_monitoring_tools_see_the_new_lines(when: str) -> None:
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
    events = monitoring.events
    live = Live(OLD)
    seen: list[tuple[str, int]] = []

    def on_line(code: Any, line: int) -> Any:
        if code.co_filename == live.name and code.co_name == "work":
            seen.append(("line", line))

    def on_resume(code: Any, offset: int) -> Any:
        if code.co_filename == live.name and code.co_name == "work":
            seen.append(("resume", offset))

    def start() -> None:
        monitoring.register_callback(4, events.LINE, on_line)
        monitoring.register_callback(4, events.PY_RESUME, on_resume)
        monitoring.set_events(
            4, events.LINE | events.PY_RESUME | events.INSTRUCTION | events.BRANCH
        )

    monitoring.use_tool_id(4, "test")
    try:
        if when == "before":
            start()
        generator = live["work"]()
        next(generator)
        generator.send("a")
        monitoring.set_local_events(4, generator.gi_code, events.LINE)
        live.swap(NEW, owners=[generator], functions=False)
        if when == "after":
            start()
        seen.clear()
        generator.send("b")
        generator.send("c")
    finally:
        monitoring.set_events(4, 0)
        monitoring.free_tool_id(4)

    text = lines_of(NEW, live)
    assert live.log[1:] == [("v2", 2, "b", 4, 5), ("v2", 3, "c", 6, 5)]
    assert [text[n - 1].strip() for kind, n in seen if kind == "line"].count("twice = n * 2") == 2
    assert sum(kind == "resume" for kind, _ in seen) == 2
    generator.close()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring is new in 3.12")
def test_a_monitored_random_program_does_the_same() -> None:
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
    events = monitoring.events
    every = (
        events.LINE
        | events.INSTRUCTION
        | events.BRANCH
        | events.PY_YIELD
        | events.PY_RESUME
        | events.JUMP
    )
    seen: list[Any] = []

    def watch(code: Any, *_: Any) -> Any:
        if code.co_name != "work":
            return monitoring.DISABLE
        seen.append(code)
        return None

    for seed in (44, 47):
        plain = Run(seed, swapping=False).trace()
        run = Run(seed, swapping=True)
        monitoring.use_tool_id(4, "test")
        try:
            for bit in range(17):
                if every & 1 << bit:
                    monitoring.register_callback(4, 1 << bit, watch)
            monitoring.set_events(4, every)
            swapped = run.trace()
        finally:
            monitoring.set_events(4, 0)
            monitoring.free_tool_id(4)
        assert swapped == plain
    assert seen


@pytest.mark.usefixtures("tracing")
def test_pdb_stops_in_the_new_body(tmp_path: Path) -> None:
    live = Live(OLD)
    live.name = str(tmp_path / "work.py")
    Path(live.name).write_text(live.prelude + OLD)
    module = live.prepare(compile(live.source, live.name, "exec"))
    exec(module, live.space)
    live.codes = codes(module)
    generator = live["work"]()
    next(generator)
    Path(live.name).write_text(live.prelude + NEW)
    live.swap(NEW, owners=[generator], functions=False)
    line = lines_of(NEW, live).index("        twice = n * 2") + 1
    said = io.StringIO()
    debugger = pdb.Pdb(
        stdin=io.StringIO("continue\np ('at', n, got)\nnext\np ('then', twice)\ncontinue\n"),
        stdout=said,
    )
    debugger.use_rawinput = False
    debugger.set_break(live.name, line)
    debugger.runcall(generator.send, "x")
    debugger.clear_all_breaks()

    assert "('at', 1, 'x')" in said.getvalue()
    assert "('then', 2)" in said.getvalue()
    assert live.log == [("v2", 1, "x", 2, 5)]
    generator.close()


CORES = ["ctrace", "pytrace", *(["sysmon"] if sys.version_info >= (3, 12) else [])]


@pytest.mark.parametrize("core", CORES)
@pytest.mark.usefixtures("tracing")
def test_coverage_counts_the_new_lines(
    tmp_path: Path, core: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import coverage

    monkeypatch.setenv("COVERAGE_CORE", core)
    live = Live(OLD, prelude="")
    live.name = str(tmp_path / "covered.py")
    Path(live.name).write_text(OLD)
    module = live.prepare(compile(live.source, live.name, "exec"))
    exec(module, live.space)
    live.codes = codes(module)
    meter = coverage.Coverage(
        data_file=None, branch=core == "ctrace", config_file=False, include=[f"{tmp_path}/*"]
    )
    meter.start()
    try:
        generator = live["work"]()
        next(generator)
        generator.send("a")
        live.swap(NEW, owners=[generator], functions=False)
        generator.send("b")
    finally:
        meter.stop()

    seen = set(meter.get_data().lines(live.name) or ())
    assert NEW.split("\n").index("        twice = n * 2") + 1 in seen
    assert live.log == [("v1", 1, "a"), ("v2", 2, "b", 4, 5)]
    generator.close()
