"""The room that joins the others: one program's life under hotswap, in one process image after the other.

`session.py` joins; the rest are its parts: `quiet` (where no callback of the app is half done) and `holding` (the main
thread of a program without a loop), `interest`, `watching` and `saving` (a save, from what is watched to its outcome),
`reporting` (everybody is told) and `withheld` (a fault a moment late), `reloading` and `arriving` (the exec reload, on
both sides), `desk` (keys and questions), `migrating`, `revising` and `configure` (a schema, the options: they follow
their files), `telling` (what the start line and the status say), `neighbours` (sessions that serve one port), `warming`
(what the first swap needs), `pages`, `service`, `signals`.
"""

from hotswap.session.reloading import ReloadPlan
from hotswap.session.session import Session

__all__ = ["ReloadPlan", "Session"]
