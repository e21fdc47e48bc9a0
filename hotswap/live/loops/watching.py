"""Tools of ``sys.monitoring`` that watch a code object (coverage, debuggers) learn of the one that took its place.

Such tools turn their events on for a code object when it starts. A frame that takes new code never starts in it: its
lines would be counted by nobody, and its breakpoints not be met.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from types import CodeType

_TOOLS: Final = range(6)
"""Ids of tools (PEP 669)."""


def announce(old: CodeType, new: CodeType) -> None:
    """Give every tool that asked for events of `old` those of `new`, and tell it that `new` starts.

    Debuggers are told nothing: they look for the code in the frame that calls them, and find out at the first event.
    """
    monitoring: Any = getattr(sys, "monitoring", None)  # 3.12 and later
    if monitoring is None:
        return
    for tool in _TOOLS:
        if monitoring.get_tool(tool) is None:
            continue
        events = monitoring.get_local_events(tool, old)
        if not events or monitoring.get_local_events(tool, new):
            continue
        monitoring.set_local_events(tool, new, events)
        if tool == monitoring.DEBUGGER_ID:
            continue
        start = monitoring.events.PY_START
        told = monitoring.register_callback(tool, start, None)  # the only way to learn what it is
        monitoring.register_callback(tool, start, told)
        if told is not None:
            told(new, 0)
