"""What crosses execve: what was passed to the program, made inheritable or carried; not what a library left open."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, os, sys
from hotswap.handover import carrier, image
from hotswap.wire.records import Manifest

manifest = carrier.awake()
if manifest is None:
    wanted, named = os.pipe()
    os.set_inheritable(wanted, True)
    left = os.dup2(ctypes.CDLL(None).inotify_init(), 99)
    fd = carrier.create()
    facts = {"pipe": os.fstat(wanted).st_ino}
    carrier.pack(fd, Manifest(reason=f"{wanted} {named} {left}", extras=facts), lambda writer: None)
    image.replace(fd, [named])

wanted, named, left = map(int, manifest.reason.split())
pipe = manifest.extras["pipe"]
print("passed", os.fstat(int(sys.argv[1])).st_size, "named", os.fstat(named).st_ino == pipe)
print("wanted", os.fstat(wanted).st_ino == pipe, "left", os.path.lexists(f"/proc/self/fd/{left}"))
"""


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="the system has no memfd")
def test_what_a_library_leaves_open_does_not_cross() -> None:
    passed, other = os.pipe()
    try:
        said = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(passed)],
            pass_fds=(passed,),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    finally:
        os.close(passed)
        os.close(other)

    assert said == "passed 0 named True\nwanted True left False\n"
