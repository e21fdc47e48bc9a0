"""In the new image, once the app is imported: what the last image carried is put back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hotswap.live.loaded import Loaded
    from hotswap.session.session import Session

BINDING: Final = 30.0
"""Seconds that a program without a loop gets to bind its addresses again."""


def restore(session: Session) -> None:
    """Note what the app's values were made of, put back the carried state, and wait for the carried connections."""
    session.state.remember(session.modules())
    for note in session.state.restore(session.manifest, session.modules()):
        session.console.say(note)
    edited = session.reloading.edited() if session.manifest is not None else ()
    changed = [e for e in list(session.swapper.tracker.loaded.values()) if e.path in edited]
    if changed and not session.manifest.fresh:
        _complete(session, changed)
    arrivals = session.registry.arrivals
    arrivals.settle()  # a program without connections has arrived
    if not arrivals.settled and session.quiet.loop is None:
        session.quiet.later(BINDING, arrivals.expire)


def _complete(session: Session, changed: Sequence[Loaded]) -> None:
    """Give carried instances of edited classes what their ``__init__`` assigns by now."""
    from hotswap.live.instances import complete
    from hotswap.live.journal import Journal

    journal = Journal()
    notes, lacking = complete(changed, journal)
    journal.commit()
    for note in (*notes, *(row.reason for row in lacking)):
        session.console.say(note)
