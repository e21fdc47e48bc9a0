"""Which connections are named as lost when an image ends."""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from hotswap import rundir
from hotswap.wire import strays

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="descriptors are read from /proc")


def test_our_own_sockets_are_nobodys_loss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_RUNTIME_DIR", ".")
    family, kind = socket.AF_UNIX, socket.SOCK_DGRAM
    with socket.socket(family, kind) as neighbours, socket.socket(family, kind) as talk:
        neighbours.bind(os.path.join(rundir.directory(), "speaker"))
        talk.bind("talk")
        named = [line for line in strays.ending(set()) if "bound to" in line]

    assert named == ["1 datagram socket bound to talk"]
