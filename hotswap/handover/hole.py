"""The black hole: while the old program shuts down, its descriptors lead nowhere, and the real ones are kept aside.

The old program may close, write, shut down as it likes; its peers notice nothing.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Aside(NamedTuple):
    """One descriptor: its number in the old program, and the copy that is the real socket now."""

    number: int
    real: int


class Hole:
    """Takes the place of many descriptors at once. Raises OSError, with nothing changed, when there are too few."""

    def __init__(self, descriptors: Sequence[int]) -> None:
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self.aside: list[Aside] = []
        try:
            for number in descriptors:
                self.aside.append(Aside(number, os.dup(number)))
        except OSError:
            for each in self.aside:
                os.close(each.real)
            self._near.close()
            self._far.close()
            raise
        for each in self.aside:
            os.dup2(self._near.fileno(), each.number, inheritable=False)

    def give_back(self) -> None:
        """Put the real descriptors back where the old program expects them; it goes on after all.

        A number that no longer leads into the hole was closed meanwhile, and may be another file's by now.
        """
        hole = os.fstat(self._near.fileno())
        for each in self.aside:
            try:
                now = os.fstat(each.number)
            except OSError:
                now = None
            if now is not None and (now.st_dev, now.st_ino) == (hole.st_dev, hole.st_ino):
                os.dup2(each.real, each.number, inheritable=False)
            os.close(each.real)
        self._near.close()
        self._far.close()
