from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nowhere import Thing


def f(x: Thing) -> int:
    return 1
