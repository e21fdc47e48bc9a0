from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nowhere import Other, Thing


def f(x: Thing | Other) -> int:
    return 2
