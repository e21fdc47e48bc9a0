from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import dep
    from dep import Thing


def label(thing: Thing) -> str:
    return f"the {thing.name}"
