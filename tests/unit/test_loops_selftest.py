"""The proof is given once per interpreter build, in a child; it is trusted when nobody else could have written it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from hotswap.live.journal import Journal
from hotswap.live.loops import layouts, move, samples, selftest, supported, warm
from hotswap.live.loops.model import Suspended

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(selftest, "_verdict", None)


def child(monkeypatch: pytest.MonkeyPatch, **result: Any) -> list[int]:
    """Replace the child process; give the calls."""
    calls: list[int] = []

    def run(*_: Any, **__: Any) -> Any:
        calls.append(1)
        return SimpleNamespace(**{"returncode": 0, "stdout": b"proved", **result})

    monkeypatch.setattr(selftest.subprocess, "run", run)
    return calls


def cached(tmp_path: Path) -> Path:
    [found] = (tmp_path / "hotswap").iterdir()
    return found


@pytest.mark.skipif(bool(layouts.unknown()), reason=layouts.unknown())
def test_the_samples_prove_themselves_in_a_child(tmp_path: Path) -> None:
    assert supported() == ""
    path = cached(tmp_path)
    assert json.loads(path.read_text()) == {"reason": ""}
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(bool(layouts.unknown()), reason=layouts.unknown())
def test_the_samples_prove_themselves_here() -> None:
    assert samples.prove() == "proved"


def test_a_proof_is_given_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = child(monkeypatch)
    assert supported() == ""
    assert supported() == ""
    monkeypatch.setattr(selftest, "_verdict", None)
    assert supported() == ""
    assert calls == [1]


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ({"returncode": -11, "stdout": b""}, "the self-test ended with -11"),
        ({"stdout": b"effects: []"}, "the self-test failed: effects: []"),
    ],
)
def test_a_failure_is_a_reason_and_is_remembered(
    monkeypatch: pytest.MonkeyPatch, result: dict[str, Any], reason: str
) -> None:
    calls = child(monkeypatch, **result)
    assert reason in supported()
    monkeypatch.setattr(selftest, "_verdict", None)
    assert reason in supported()
    assert calls == [1]


def test_a_child_that_hangs_is_a_reason_until_the_next_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(*_: Any, **__: Any) -> Any:
        raise subprocess.TimeoutExpired("python", 1)

    monkeypatch.setattr(selftest.subprocess, "run", run)
    assert supported() == "the self-test could not run: took more than 20 s"
    child(monkeypatch)
    monkeypatch.setattr(selftest, "_verdict", None)
    assert supported() == ""


def test_a_child_that_was_ended_from_outside_proves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    child(monkeypatch, returncode=-signal.SIGKILL, stdout=b"")
    assert "ended with -9" in supported()
    child(monkeypatch)
    monkeypatch.setattr(selftest, "_verdict", None)
    assert supported() == ""


@pytest.mark.skipif(not os.path.exists("/bin/sh"), reason="no shell")
def test_a_debugger_does_not_take_the_child_for_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """Debugpy puts its own start before every Python that it sees started, which then waits for its client."""
    seen: list[list[str]] = []

    def run(command: list[str], **_: Any) -> Any:
        seen.append(command)
        return SimpleNamespace(returncode=0, stdout=b"proved")

    monkeypatch.setattr(selftest.subprocess, "run", run)
    monkeypatch.setitem(sys.modules, "pydevd", ModuleType("pydevd"))
    supported()
    assert seen[0][0] == "/bin/sh"


@pytest.mark.parametrize("spoil", ["writable", "broken", "other"])
def test_a_cache_that_is_not_ours_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, spoil: str
) -> None:
    calls = child(monkeypatch)
    supported()
    path = cached(tmp_path)
    if spoil == "writable":
        path.chmod(0o666)
    elif spoil == "broken":
        path.write_text("{")
    else:
        path.write_text(json.dumps({"reason": 1}))
    monkeypatch.setattr(selftest, "_verdict", None)
    supported()
    assert calls == [1, 1]


def test_another_build_is_proved_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = child(monkeypatch)
    supported()
    monkeypatch.setattr(selftest, "_verdict", None)
    monkeypatch.setattr(selftest.sys, "version", "3.12.99 (other)")
    supported()
    assert calls == [1, 1]


def test_without_a_cache_directory_it_works_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    child(monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    assert supported() == ""


def test_where_frames_are_not_known_they_are_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = child(monkeypatch)
    monkeypatch.setattr(layouts, "LAYOUTS", {})

    async def work() -> None: ...

    coroutine = work()
    [verdict] = move([Suspended(coroutine, work.__code__, work.__code__, globals())], {}, Journal())
    coroutine.close()
    assert verdict.kind == "stale"
    assert "are not known" in verdict.reason
    assert calls == []


def test_warming_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = child(monkeypatch)
    warm()
    assert supported() == ""
    assert calls == [1]


def test_importing_the_package_loads_none_of_its_parts() -> None:
    program = (
        "import sys, hotswap.live.loops; "
        "print([m for m in sys.modules if m.startswith('hotswap.live.loops.') and not m.endswith('.model')])"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "[]"
