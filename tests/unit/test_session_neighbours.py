"""The speaker of several sessions behind one port: who says the same is told in one line. The others are played."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import tempfile
from typing import TYPE_CHECKING

import pytest

from hotswap.source.model import Fault, Outcome, Reload, Stale

neighbours = pytest.importorskip("hotswap.session.neighbours")

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

OTHER = os.getppid()
GOOD = Outcome(ok=True, rung="patch", files=("a.py",), generation=3)
BAD = Outcome(
    ok=False, rung=None, files=("a.py",), fault=Fault("HS101", "syntax error", "no", path="a.py")
)


class Speaker:
    """A session that speaks, on a loop that runs only when told to."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.told: list[tuple[Outcome, dict[str, int], str]] = []
        self.own = neighbours.Neighbours("somewhere", self.loop, tell=self._tell)
        (folder,) = (name for name in os.listdir(neighbours.rundir.directory()))
        self.folder = os.path.join(neighbours.rundir.directory(), folder)

    def _tell(self, outcome: Outcome, kept: Mapping[str, int], by: str) -> None:
        self.told.append((outcome, dict(kept), by))
        self.loop.stop()

    def other_is_there(self) -> None:
        with open(os.path.join(self.folder, str(OTHER)), "wb"):
            pass

    def other_says(self, outcome: Outcome, **kept: int) -> None:
        message = {"pid": OTHER, "outcome": outcome.as_event(), "kept": kept}
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as mouth:
            mouth.sendto(json.dumps(message).encode(), os.path.join(self.folder, "speaker"))

    def until_told(self, number: int = 1) -> list[tuple[Outcome, dict[str, int], str]]:
        while len(self.told) < number:
            self.loop.run_forever()
        return self.told


@pytest.fixture
def speaker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Speaker]:
    with tempfile.TemporaryDirectory(dir="/tmp") as short:  # addresses of sockets end at 108 bytes
        monkeypatch.setenv("XDG_RUNTIME_DIR", short)
        made = Speaker()
        yield made
        made.own.close()
        made.loop.close()


def test_alone_it_tells_at_once(speaker: Speaker) -> None:
    assert speaker.own.speaks
    speaker.own.report(GOOD, {})
    assert speaker.told == [(GOOD, {}, "")]


def test_who_says_the_same_is_told_in_one_line_and_counts_are_added(speaker: Speaker) -> None:
    speaker.other_is_there()
    speaker.own.report(GOOD, {"websocket": 2})
    assert not speaker.told
    speaker.other_says(GOOD, websocket=3, sse=1)

    assert speaker.until_told() == [(GOOD, {"websocket": 5, "sse": 1}, "2 processes")]


def test_different_verdicts_are_told_each(speaker: Speaker) -> None:
    speaker.other_is_there()
    speaker.other_says(BAD)
    speaker.own.report(GOOD, {})

    told = speaker.until_told(2)
    assert {(outcome, by) for outcome, _, by in told} == {
        (GOOD, f"pid {os.getpid()}"),
        (BAD, f"pid {OTHER}"),
    }


def test_one_that_stays_silent_is_waited_for_a_moment_only(
    speaker: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "PATIENCE", 0.01)
    speaker.other_is_there()
    speaker.own.report(GOOD, {})

    assert speaker.until_told() == [(GOOD, {}, f"pid {os.getpid()}")]


def test_the_file_of_a_process_that_is_gone_is_removed(speaker: Speaker) -> None:
    gone = os.path.join(speaker.folder, "99999999")
    with open(gone, "wb"):
        pass

    assert speaker.own.others() == set()
    assert not os.path.exists(gone)


def test_reloads_add_up() -> None:
    one, two = (
        Outcome(
            ok=True,
            rung="exec",
            files=(),
            stale=(Stale("spin", "thread", "it is executing", count=2),),
            reload=Reload(
                kept={"listener": 1, "websocket": number},
                lost=(f"{number} of TLS",),
                blackout_ms=100 * number,
            ),
        )
        for number in (1, 2)
    )
    both = neighbours.together([one, two])

    assert both.reload == Reload(
        kept={"listener": 1, "websocket": 3}, lost=("1 of TLS", "2 of TLS"), blackout_ms=200
    )
    assert [stale.count for stale in both.stale] == [4]


def test_only_sockets_of_several_have_an_address(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as own:
        assert neighbours.shared([own], given=False) == ""
        assert neighbours.shared([own], given=True) == str(own.getsockname())
    if hasattr(socket, "SO_REUSEPORT"):
        with socket.create_server(("127.0.0.1", 0), reuse_port=True) as each:
            assert neighbours.shared([each], given=False) == str(each.getsockname())
