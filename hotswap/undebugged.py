"""Children of ours that no debugger takes for the user's.

debugpy puts its own start before every Python that it sees started. Such a child waits for an editor to attach: a
preflight was given up after its 20 seconds, so that under VS Code no exec reload was possible (debugpy 1.8.22, pydevd's
``pydev_monkey.patch_args``).
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

SHELL = "/bin/sh"


def command(arguments: Sequence[str]) -> list[str]:
    """Give the command that starts a Python of ours. Under a debugger a shell executes it, with the same process id."""
    if "pydevd" in sys.modules and os.path.exists(SHELL):
        return [SHELL, "-c", 'exec "$@"', "sh", *arguments]
    return list(arguments)
