"""What crosses execve: what was passed to the program and what is carried, and nothing that a library left open."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import os, sys
from hotswap.handover import carrier, image
from hotswap.wire.records import Manifest

manifest = carrier.awake()
if manifest is None:
    left, named = os.pipe()
    os.set_inheritable(left, True)  # as ctypes.CDLL(None).inotify_init() is
    fd = carrier.create()
    carrier.pack(fd, Manifest(reason=f"{left} {named}", extras={"pipe": os.fstat(left).st_ino}), lambda writer: None)
    image.replace(fd, [named])

left, named = map(int, manifest.reason.split())
pipe = manifest.extras["pipe"]
print("passed", os.fstat(int(sys.argv[1])).st_size, "named", os.fstat(named).st_ino == pipe)
os.close(named)
try:
    print("left", os.fstat(left).st_ino == pipe)  # the number may be another's now
except OSError:
    print("left", False)
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

    assert said == "passed 0 named True\nleft False\n"
