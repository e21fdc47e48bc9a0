"""What the user reads: an `Outcome` as lines on a terminal, as plain text, or as JSON.

``report`` makes lines of what happened (pure), ``lines`` says what a line is, ``screen`` shows them (the only file
that imports rich), `Console` decides what is shown when.
"""

from __future__ import annotations

from hotswap.console.console import Console

__all__ = ["Console"]
