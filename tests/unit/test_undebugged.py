"""Children of ours under a debugger, which puts its own start before every Python that it sees started."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hotswap import undebugged

PRINT = [sys.executable, "-c", "import os, sys; print(os.getpid(), *sys.argv[1:])", "a b", "$c"]


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
def test_a_debugger_sees_no_python_started(monkeypatch: pytest.MonkeyPatch) -> None:
    assert undebugged.command(PRINT) == PRINT

    monkeypatch.setitem(sys.modules, "pydevd", pytest)
    command = undebugged.command(PRINT)
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    said, _ = child.communicate()
    assert "python" not in command[0]
    assert said.split() == [str(child.pid), "a", "b", "$c"]
