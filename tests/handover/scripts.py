"""A script under hotswap that serves by itself, on either loop."""

from __future__ import annotations

import importlib.util
import signal
import socket
from typing import TYPE_CHECKING

from tests.handover.support import PATIENCE

if TYPE_CHECKING:
    from hotswap.testing import Event, Live

LOOPS = ["asyncio", *(["uvloop"] if importlib.util.find_spec("uvloop") else [])]

RUN = """
if "uvloop" in sys.argv:
    import uvloop
    uvloop.run(main())
else:
    asyncio.run(main())
"""


def reload(live: Live) -> Event:
    """Ask for an exec reload and wait until everything is adopted."""
    since = len(live.events)
    live.signal(signal.SIGUSR1)
    # What was saved just before may be swapped in first.
    outcome = live.wait(lambda event: event.get("verdict") in ("reloaded", "refused"), since=since)
    assert outcome["verdict"] == "reloaded", outcome
    return outcome


class Script:
    """A script that prints ``port N`` when it serves."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.port = int(live.wait_output("port ").split()[1])

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
