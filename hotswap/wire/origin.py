"""Where a task comes from: the request whose handler started it (``create_task``), noted in the task's context.

Such a task ends with the image. While its request is unanswered that is no loss, for the handler is called again or
waited for; afterwards nobody would start it anew, as start-up does with its own. So it is waited for, or named.
"""

from __future__ import annotations

import gc
from contextvars import Context, ContextVar
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import asyncio


class Origin(Protocol):
    """A request that is served."""

    began: float
    """``time.monotonic()`` when its handler was called."""

    def over(self) -> bool:
        """Say whether it is answered, or its client has left."""

    def asked(self) -> str:
        """Name it: ``POST /orders``."""


current: ContextVar[Origin | None] = ContextVar("hotswap_origin", default=None)


def of(task: asyncio.Task[Any]) -> Origin | None:
    """Give the request that a task comes from; None for one that start-up began, say."""
    if hasattr(task, "get_context"):
        contexts = [task.get_context()]
    else:  # Python 3.11 does not tell, the collector does: the task's comes first, then those of its callbacks
        contexts = [each for each in gc.get_referents(task) if isinstance(each, Context)]
    found: Origin | None = contexts[0].get(current) if contexts else None
    return found
