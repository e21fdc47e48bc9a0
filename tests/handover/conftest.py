from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import pytest

from hotswap.testing import live, project
from tests.handover.support import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["live", "loop", "program", "project", "start"]

LOOPS = ["asyncio", *(["uvloop"] if importlib.util.find_spec("uvloop") else [])]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Start programs that end with the test."""
    programs: list[Program] = []

    def begin(*options: str, **more: Any) -> Program:
        program = Program(tmp_path, *options, **more)
        programs.append(program)
        return program

    yield begin
    for program in programs:
        program.stop()


@pytest.fixture(params=LOOPS)
def loop(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def program(start: Callable[..., Program], loop: str) -> Program:
    """The app `everything`, on either loop."""
    return start("--loop", loop)
