"""What a handler says before it first waits for input was said in its first life: it is swallowed.

That holds for all it says, also to other connections ("bob joined"), and for tasks it starts; never for anybody
else's words to its own connection. A context variable knows whose words they are.
"""

from __future__ import annotations

from contextvars import ContextVar


class Hush:
    """The silence of one handler that was entered again."""

    __slots__ = ("on",)

    def __init__(self) -> None:
        global silent
        self.on = True
        silent += 1

    def lift(self) -> None:
        """From now on the handler is heard."""
        global silent
        if self.on:
            self.on = False
            silent -= 1


silent = 0
"""How many handlers are silent now; 0 but for a moment after an adoption."""

current: ContextVar[Hush | None] = ContextVar("hotswap_hush", default=None)


def hushed() -> bool:
    """Say whether the running task belongs to a handler that is still silent."""
    if not silent:
        return False
    hush = current.get()
    return hush is not None and hush.on
