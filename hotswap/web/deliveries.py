"""What pages did with the files they were sent: one line for the console, said when all of them have answered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

PATIENCE: Final = 2.0
"""Seconds after which the line is said without the pages that have not answered: a tab may be stopped in a debugger."""
IDLE: Final = ("not on this page", "no difference", "together with the next")
"""Answers of a page that nothing had to be done in: left out where it did something for another address."""


@dataclass(eq=False, slots=True)
class Delivery:
    """The files of one save, on their way to the pages that listened when it was sent."""

    files: Sequence[str]
    events: frozenset[int]
    waiting: dict[str, set[int]]
    """For each page the events it has not answered yet."""
    answers: dict[str, list[str]] = field(default_factory=dict)
    ms: float = 0.0
    """Milliseconds from the save to the last effect that a page reported."""

    def outcome(self) -> str:
        """Say what became of it, as the console shows it beside the names of the files."""
        did: dict[str, int] = {}
        for page in self.answers:
            done = self._did(page) + (", and more to come" if self.waiting.get(page) else "")
            did[done] = did.get(done, 0) + 1
        silent = sum(page not in self.answers for page in self.waiting)
        told = [f"{_pages(number)}: {done}" for done, number in did.items()]
        if silent:
            told.append(f"{_pages(silent)}: no answer yet")
        spent = f" ({self.ms:.0f} ms)" if self.ms and not silent else ""
        return ("; ".join(told) or "sent, and the page left") + spent

    def _did(self, page: str) -> str:
        answers = list(dict.fromkeys(self.answers[page]))
        return ", ".join([one for one in answers if one not in IDLE] or answers[:1])


class Deliveries:
    """Those on their way. Used on the event loop's thread only.

    Args:
        say: Takes the files and what became of them.
    """

    def __init__(self, say: Callable[[Sequence[str], str], None]) -> None:
        self._say = say
        self._under_way: list[Delivery] = []

    def sent(self, files: Sequence[str], events: Collection[int], pages: Collection[str]) -> None:
        """Take what was sent, and to whom; say so at once when nobody listens."""
        if not events:
            return
        if not pages:
            self._say(files, "saved; no page is open")
            return
        delivery = Delivery(files, frozenset(events), {page: set(events) for page in pages})
        self._under_way.append(delivery)
        asyncio.get_running_loop().call_later(PATIENCE, self._end, delivery)

    def answered(self, page: str, event: int, how: str, ms: float) -> None:
        """Take what `page` did for an event, `ms` milliseconds after the save."""
        for delivery in self._under_way.copy():
            if event in delivery.waiting.get(page, ()):
                delivery.waiting[page].discard(event)
                delivery.answers.setdefault(page, []).append(how)
                delivery.ms = max(delivery.ms, ms)
                self._look(delivery)

    def left(self, page: str) -> None:
        """Wait no more for a page that has gone; it may have been loaded anew for this."""
        for delivery in self._under_way.copy():
            if delivery.waiting.pop(page, None) is not None:
                self._look(delivery)

    def flush(self) -> None:
        """Say what is known: nobody will be here to hear the rest."""
        for delivery in self._under_way.copy():
            self._end(delivery)

    def _look(self, delivery: Delivery) -> None:
        if not any(delivery.waiting.values()):
            self._end(delivery)

    def _end(self, delivery: Delivery) -> None:
        if delivery in self._under_way:
            self._under_way.remove(delivery)
            self._say(delivery.files, delivery.outcome())


def _pages(number: int) -> str:
    return "1 page" if number == 1 else f"{number} pages"
