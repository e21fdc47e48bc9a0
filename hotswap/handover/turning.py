"""The keeper's loop: descriptors that are ready, timers that are due, and nothing else.

asyncio's would do, at 8 us more for each turn (a handle, a context and a queue for every event); an echo over TLS takes
two turns here, and has 80 us in all.
"""

from __future__ import annotations

import heapq
import itertools
import selectors
import time
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Watchers = tuple[Callable[[], object] | None, Callable[[], object] | None]

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Timer:
    """Something to be done at a time, unless it is cancelled before."""

    __slots__ = ("step",)

    def __init__(self, step: Callable[[], object]) -> None:
        self.step: Callable[[], object] | None = step

    def cancel(self) -> None:
        """Do nothing at that time; what the step holds is let go at once."""
        self.step = None


class Turning:
    """Calls back when descriptors are ready, in one thread. A subset of asyncio's loop, under the same names."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._over = False

    def watch(
        self,
        fd: int,
        reader: Callable[[], object] | None,
        writer: Callable[[], object] | None,
    ) -> None:
        """Call `reader` and `writer` when `fd` is ready, in place of those before; with neither, forget it.

        What nobody waits for is not registered: a hang-up is told whatever is asked for, and would be for ever.
        """
        events = (_READ if reader is not None else 0) | (_WRITE if writer is not None else 0)
        known = fd in self._selector.get_map()
        if not events:
            if known:
                self._selector.unregister(fd)
        elif known:
            self._selector.modify(fd, events, (reader, writer))
        else:
            self._selector.register(fd, events, (reader, writer))

    def add_reader(self, fd: int, step: Callable[[], object]) -> None:
        """Call `step` whenever `fd` has something to read."""
        self.watch(fd, step, self._watchers(fd)[1])

    def remove_reader(self, fd: int) -> None:
        """Call nobody any more when `fd` has something to read."""
        self.watch(fd, None, self._watchers(fd)[1])

    def add_writer(self, fd: int, step: Callable[[], object]) -> None:
        """Call `step` whenever `fd` takes something."""
        self.watch(fd, self._watchers(fd)[0], step)

    def remove_writer(self, fd: int) -> None:
        """Call nobody any more when `fd` takes something."""
        self.watch(fd, self._watchers(fd)[0], None)

    def _watchers(self, fd: int) -> Watchers:
        key = self._selector.get_map().get(fd)
        return (None, None) if key is None else key.data

    def call_later(self, seconds: float, step: Callable[[], object]) -> Timer:
        """Call `step` once, so many seconds from now."""
        timer = Timer(step)
        heapq.heappush(self._timers, (time.monotonic() + seconds, next(self._order), timer))
        return timer

    def stop(self) -> None:
        """Let `run` return when this turn is over."""
        self._over = True

    def run(self) -> None:
        """Turn until `stop` is called."""
        select = self._selector.select
        while not self._over:
            for key, ready in select(self._due()):
                reader, writer = key.data
                try:
                    if ready & _READ and reader is not None:
                        reader()
                    if ready & _WRITE and writer is not None:
                        writer()
                except Exception:  # noqa: BLE001 -- one connection's mistake is not the end of the others
                    traceback.print_exc()
                    self.watch(key.fd, None, None)  # or it is made again at once, for ever

    def _due(self) -> float | None:
        """Do what is due; give the seconds until the next timer, None without one."""
        timers = self._timers
        while timers and not self._over:
            when, _, timer = timers[0]
            if timer.step is not None and (left := when - time.monotonic()) > 0:
                return left
            heapq.heappop(timers)
            if timer.step is not None:
                timer.step()
        return 0 if self._over else None
