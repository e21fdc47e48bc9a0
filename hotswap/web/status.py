"""The status page: what happened to each save, how long it took to be live and to be seen, and what is left over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hotswap.web.channel import STATUS_PAGE
from hotswap.web.reports import relative

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hotswap.web.channel import Channel

SAVES = frozenset(
    {"css-update", "asset-update", "data-update", "js-update", "html-update", "patched", "error"}
)
"""Kinds of events that one save made; the others only tidy up."""


def percentile(values: Sequence[float], share: float) -> float | None:
    """Give the value below which `share` (0 to 1) of `values` lie (nearest rank); None of none."""
    if not values:
        return None
    ordered = sorted(values)
    rank = -int(-share * len(ordered) // 1)  # the ceiling
    return ordered[max(rank, 1) - 1]


class Status:
    """Answers ``/__hotswap__/state``."""

    def __init__(
        self, channel: Channel, facts: Callable[[], Mapping[str, object]], root: str = ""
    ) -> None:
        self._channel = channel
        self._facts = facts
        self._root = root

    def state(self) -> dict[str, Any]:
        """Give everything that the page shows, as JSON."""
        channel = self._channel
        live = [float(e["live_ms"]) for e in channel.ring if e["t"] in SAVES and e.get("live_ms")]
        screen = [float(a["screen_ms"]) for a in channel.applied if "screen_ms" in a]
        pages = [
            {"page": one.page, "kind": one.kind, "agent": one.agent}
            for one in channel.listeners.values()
            if one.page != STATUS_PAGE
        ]
        return {
            "epoch": channel.epoch,
            "last": channel.last,
            "events": [event for event in channel.ring if event["t"] != "ok"][-80:],
            "applied": list(channel.applied),
            "errors": list(channel.errors.values()),
            "pages": pages,
            "live": _figures(live),
            "screen": _figures(screen),
            "session": self._session(),
        }

    def _session(self) -> dict[str, object]:
        facts = dict(self._facts())
        pending = facts.get("pending")
        if isinstance(pending, list | tuple):
            facts["pending"] = [relative(str(path), self._root) for path in pending]
        return facts


def _figures(values: Sequence[float]) -> dict[str, float | int | None]:
    return {
        "n": len(values),
        "p50": percentile(values, 0.5),
        "p95": percentile(values, 0.95),
        "max": max(values, default=None),
    }
