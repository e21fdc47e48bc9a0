"""Whose turn it is on a WebSocket: did the app ask since somebody spoke, and is its handler heard again?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from hotswap.wire.kinds import may_be_replying

if TYPE_CHECKING:
    from hotswap.wire.hush import Hush
    from hotswap.wire.objects import Shells


class Turns:
    """What is noted of the talk on one connection, whichever library serves it."""

    def __init__(self) -> None:
        self.taken = 0
        """How often the app has asked for a message."""
        self.spoke = True
        """Somebody has sent since it last asked."""
        self.spoke_at = 0.0
        """When somebody did so first (``time.monotonic()``)."""
        self.hush: Hush | None = None
        """Set while a handler that was entered again has not asked for a message yet."""
        self.unsettled: Shells | None = None
        """Set while the handler may append its connection anew to lists that hold it already."""

    def ask(self) -> None:
        """Note that the app asks for a message, or for the end."""
        self.taken += 1
        self.spoke = False
        if self.unsettled is not None:
            self.unsettled.settle()
            self.unsettled = None
        self.heard()

    def speak(self) -> None:
        """Note that somebody speaks to the client."""
        if not self.spoke:
            self.spoke = True
            self.spoke_at = time.monotonic()

    def heard(self) -> None:
        """From now on the handler is heard."""
        if self.hush is not None:
            self.hush.lift()
            self.hush = None

    @property
    def replying(self) -> bool:
        """The handler has a message that it may not have answered to the end."""
        return not self.spoke or may_be_replying(self.spoke_at)
