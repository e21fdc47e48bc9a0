"""The room in which all doors lead: who is there, what was said, what was sold.

`room` is made once. Edit anything below: the guests keep their sockets, the counters their numbers.
"""

import random
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from demo_server import history, prices, settings
from demo_server.history import Line

HELP = "/buy 2 tea   /menu   /who   /help   or just say something"

NAMES = (
    "Ada",
    "Basho",
    "Ceren",
    "Dorji",
    "Edda",
    "Femi",
    "Greta",
    "Hana",
    "Ines",
    "Jomo",
    "Kei",
    "Lumi",
    "Mira",
    "Noor",
)


def free_name(taken: set[str]) -> str:
    """Give a name that nobody in the room has."""
    free = [name for name in NAMES if name not in taken]
    return random.choice(free) if free else f"Guest {random.randint(100, 999)}"  # noqa: S311


@dataclass(eq=False, slots=True)
class Guest:
    """Somebody with an open socket."""

    name: str
    door: str
    send: Callable[[Line], Awaitable[None]]


class Room:
    """Everybody hears everything."""

    def __init__(self) -> None:
        self.guests: set[Guest] = set()
        self.clocks: set[object] = set()  # one for each page that watches the clock
        self.lines: deque[Line] = deque(maxlen=200)
        self.said = 0
        self.takings = 0
        self.left_at: dict[str, float] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the sockets can be put into a bag and carried into another process."""
        return self.__dict__ | {"guests": set(), "clocks": set()}

    async def enter(self, guest: Guest) -> None:
        """Let a guest in. Who was away for a moment only is not announced."""
        self.guests.add(guest)
        left = self.left_at.pop(guest.name, None)
        if left is None or time.time() - left > 15:
            await self.tell(f"{guest.name} comes in through the {guest.door} door", kind="news")

    async def leave(self, guest: Guest) -> None:
        """Let a guest go."""
        self.guests.discard(guest)
        self.left_at[guest.name] = time.time()

    async def say(self, guest: Guest, text: str) -> None:
        """Hear what a guest says; what begins with a slash is an order.

        Try: answer to a greeting, shout in capitals, count the words.
        """
        text = text.strip()[: settings.LONGEST_LINE]
        if not text:
            return
        if text.startswith("/"):
            await self.obey(guest, text)
            return
        self.said += 1
        await self.tell(text, who=guest.name, door=guest.door)

    async def obey(self, guest: Guest, text: str) -> None:
        """Do what a slash command asks."""
        command, _, rest = text[1:].partition(" ")
        match command.lower():
            case "buy":
                await self.sell(guest, rest)
            case "menu":
                await self.whisper(
                    guest, ", ".join(f"{item} {cost}" for item, cost in prices.MENU.items())
                )
            case "who":
                await self.whisper(guest, ", ".join(sorted(other.name for other in self.guests)))
            case _:
                await self.whisper(guest, HELP)

    async def sell(self, guest: Guest, order: str) -> None:
        """Sell something: the price comes from prices.py at this very moment."""
        try:
            item, amount = prices.parse_order(order)
        except ValueError as error:
            await self.whisper(guest, str(error))
            return
        self.takings += prices.price(item, amount)
        await self.tell(prices.receipt(guest.name, item, amount), kind="sale")

    async def tell(self, text: str, *, who: str = "", door: str = "", kind: str = "said") -> None:
        """Write a line down and show it to everybody."""
        line = history.write(Line(0, time.strftime("%H:%M:%S"), who, door, text, kind))
        self.lines.append(line)
        for guest in list(self.guests):
            await self.show(guest, line)

    async def whisper(self, guest: Guest, text: str) -> None:
        """Show a line to one guest only."""
        await self.show(guest, Line(0, time.strftime("%H:%M:%S"), "", guest.door, text, "whisper"))

    async def show(self, guest: Guest, line: Line) -> None:
        """Send a line to one guest; a socket that is gone takes its guest with it."""
        try:
            await guest.send(line)
        except (OSError, RuntimeError):
            self.guests.discard(guest)

    def doors(self) -> dict[str, int]:
        """Count the guests by the door they came through."""
        return dict(Counter(guest.door for guest in self.guests))


room = Room()
