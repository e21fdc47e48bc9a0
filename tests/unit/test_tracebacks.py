"""What a program prints when it ends by an exception: the lines that it would print under Python alone."""

from __future__ import annotations

import importlib
import logging
import sys
import traceback
import warnings
from types import FunctionType
from typing import TYPE_CHECKING

import pytest

from hotswap import tracebacks
from hotswap.live.tracker import Tracker
from hotswap.session.holding import Hold
from hotswap.tracebacks import leave_out_of, without_ours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def tracked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder whose modules are imported through our import hook."""
    monkeypatch.syspath_prepend(tmp_path)
    tracker = Tracker([tmp_path])
    tracker.install()
    before = set(sys.modules)
    yield tmp_path
    tracker.uninstall()
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("def f():\n    1 / 0\nf()\n", [("<module>", 3), ("f", 2)]),
        ("x = = 1\n", []),
        ("import nowhere\n", [("<module>", 1)]),
    ],
)
def test_an_import_that_raises_shows_no_frames_of_the_import_system(
    tracked: Path, text: str, lines: list[tuple[str, int]]
) -> None:
    (tracked / "outer_module.py").write_text("import inner_module\n")
    (tracked / "inner_module.py").write_text(text)

    with pytest.raises(Exception) as caught:
        __import__("outer_module")

    frames = traceback.extract_tb(caught.value.__traceback__)[1:]
    assert [(f.name, f.lineno) for f in frames] == [("<module>", 1), *lines]


def test_a_warning_of_a_module_is_put_down_to_the_line_that_imports_it(tracked: Path) -> None:
    (tracked / "importing_module.py").write_text("\n\nimport old_module\n")
    (tracked / "old_module.py").write_text("import warnings\nwarnings.warn('x', stacklevel=2)\n")

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        importlib.import_module("importing_module")

    assert [(w.filename, w.lineno) for w in said] == [(str(tracked / "importing_module.py"), 3)]


def test_ctrl_c_while_the_main_thread_is_held_stands_on_the_users_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hold = Hold()

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(hold, "_asleep_at", interrupted)
    hold._swapping.acquire()

    with pytest.raises(KeyboardInterrupt) as caught:
        hold._wait(0, None)
    without_ours(caught.value)

    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [frame.filename for frame in frames] == [__file__]


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Say that our files lie where no coverage looks for the source of what is said to come from them."""
    monkeypatch.setattr(tracebacks, "OURS", "/ours/")


def passed_on(call: Callable[[], object], times: int = 1) -> object:
    """Call through frames whose code is said to be ours."""
    code = _through.__code__.replace(co_filename=tracebacks.OURS + "somewhere.py")
    through = FunctionType(code, {"call": call})
    for _ in range(times - 1):
        through = FunctionType(code, {"call": through})
    return through()


def _through() -> object:
    return call()  # type: ignore[name-defined]  # noqa: F821


def broken() -> None:
    msg = "broken"
    raise ValueError(msg)


def names(error: BaseException | None) -> list[str]:
    """Give the functions of a traceback, outermost first."""
    assert error is not None
    return [frame.name for frame in traceback.extract_tb(error.__traceback__)]


@pytest.mark.usefixtures("ours")
def test_our_frames_go_wherever_they_stand() -> None:
    with pytest.raises(ValueError, match="broken") as caught:
        passed_on(lambda: passed_on(broken, times=2))
    assert names(caught.value).count("_through") == 3
    without_ours(caught.value)
    assert "_through" not in names(caught.value)
    assert names(caught.value)[-1] == "broken"


@pytest.mark.usefixtures("ours")
def test_they_go_from_what_an_error_came_from_and_from_groups() -> None:
    def wrapped() -> None:
        try:
            passed_on(broken)
        except ValueError as error:
            raise ExceptionGroup("all", [error, KeyError("x")]) from error

    with pytest.raises(ExceptionGroup) as caught:
        passed_on(wrapped)
    without_ours(caught.value)
    assert "_through" not in names(caught.value)
    assert "_through" not in names(caught.value.__cause__)
    assert "_through" not in names(caught.value.exceptions[0])


@pytest.mark.usefixtures("ours")
def test_a_server_logs_the_users_frames(caplog: pytest.LogCaptureFixture) -> None:
    leave_out_of("a.server")
    try:
        passed_on(broken)
    except ValueError:
        logging.getLogger("a.server").exception("failed")
    assert "in broken" in caplog.text
    assert "somewhere.py" not in caplog.text
    assert caplog.text.count("in broken") == 1


@pytest.mark.usefixtures("ours")
def test_an_error_that_is_ours_alone_is_logged_whole(caplog: pytest.LogCaptureFixture) -> None:
    leave_out_of("a.server")
    code = broken.__code__.replace(co_filename=tracebacks.OURS + "somewhere.py")
    try:
        FunctionType(code, {})()
    except ValueError as error:
        error.__traceback__ = error.__traceback__.tb_next if error.__traceback__ else None
        logging.getLogger("a.server").error("failed", exc_info=error)
    assert "somewhere.py" in caplog.text
