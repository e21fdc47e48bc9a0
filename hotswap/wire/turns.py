"""Whose turn it is on a WebSocket: did the app ask since somebody spoke, and is its handler heard again?"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from hotswap.wire import hush
from hotswap.wire.kinds import may_be_replying
from hotswap.wire.pieces import Pieces

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from hotswap.wire.connection import Connection
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
        self.pieces: Pieces[tuple[str, str | bytes]] = Pieces()
        """What the app has taken of a message that comes in several."""
        self.again = 0
        """How many messages are waiting that were taken in its first life already."""
        self.hush: Hush | None = None
        """Set while a handler that was entered again has not asked for a message yet."""
        self.unsettled: Shells | None = None
        """Set while the handler may append its connection anew to lists that hold it already."""

    def ask(self) -> None:
        """Note that the app asks for a message, or for the end."""
        self.taken += 1
        self.spoke = False
        if self.pieces.task is None:
            self.pieces.task = asyncio.current_task()
        if self.unsettled is not None:
            self.unsettled.settle()
            self.unsettled = None
        if self.again:
            self.again -= 1
        else:
            self.heard()

    def speak(self) -> None:
        """Note that somebody speaks to the client."""
        if not self.spoke:
            self.spoke = True
            self.spoke_at = time.monotonic()
        if not hush.hushed():
            self.pieces.answered()

    async def note(self, receiving: Coroutine[Any, Any, Any]) -> Any:
        """Note which message the app is given."""
        message = await receiving
        data = getattr(message, "data", message)  # aiohttp's
        if isinstance(data, (str, bytes)):
            self.pieces.took(("text" if isinstance(data, str) else "bytes", data))
        return message

    def unanswered(self, connection: Connection) -> list[tuple[str, str | bytes]]:
        """Give the messages that an app which waits for the rest of them is given again when it begins at the top."""
        return [] if connection.remembers else self.pieces.unanswered

    def heard(self) -> None:
        """From now on the handler is heard."""
        if self.hush is not None:
            self.hush.lift()
            self.hush = None

    @property
    def replying(self) -> bool:
        """The handler has a message that it may not have answered to the end."""
        return not self.spoke or may_be_replying(self.spoke_at)
