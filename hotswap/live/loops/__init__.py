"""Running frames take the new body: a suspended coroutine or generator gets the edited code, its locals kept.

docs/explanation/running-code.md tells how. Importing this package costs nothing; its parts are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hotswap.live.loops.model import Refused, Suspended, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import CodeType

    from hotswap.live.journal import Journal

__all__ = ["Refused", "Suspended", "Verdict", "move", "plain", "superseded", "supported", "warm"]


def move(
    suspended: Sequence[Suspended], sources: Mapping[str, tuple[bytes, bytes]], journal: Journal
) -> list[Verdict]:
    """Give suspended frames the edited code; say of each what became of it. Never raises for a frame.

    Args:
        suspended: The frames whose code is being replaced.
        sources: Path -> (bytes that run, bytes that are to run).
        journal: Gets the undo of each write; releases what the frames held when it commits.
    """
    from hotswap.live.loops import moving

    return moving.move(suspended, sources, journal)


def supported() -> str:
    """Say why live loops cannot be used on this interpreter; "" when they can."""
    from hotswap.live.loops import selftest

    return selftest.supported()


def warm() -> None:
    """Find out in the background whether live loops can be used, so that the first swap need not wait for it."""
    from hotswap.live.loops import selftest

    selftest.warm()


def plain(code: CodeType) -> CodeType:
    """Give the module's own code object that the code in a frame stands for: mostly itself."""
    from hotswap.live.loops import lineage

    return lineage.plain(code)


def superseded(code: CodeType) -> bool:
    """Tell whether the code in a frame is an old body that an earlier swap could not replace."""
    from hotswap.live.loops import lineage

    return lineage.superseded(code)
