"""Which living object stands for which throw-away one, within one swap."""

from __future__ import annotations

from typing import Any


class Pairs(dict[int, tuple[Any, Any]]):
    """``id(new) -> (new, old)``: what was merged; holding `new` keeps its id valid.

    Apart from `Graft`, so that those who only ask this do not hold the whole swap in a circle.
    """

    def add(self, new: Any, old: Any) -> None:
        """Remember that `old` stands for `new` wherever `new` got to."""
        if new is not old:
            self[id(new)] = (new, old)

    def known(self, new: Any) -> Any:
        """Give the object that stands for `new`, itself when nothing does."""
        entry = self.get(id(new))
        return new if entry is None else entry[1]
