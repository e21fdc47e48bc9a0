"""The room that joins the others: one program's life under hotswap, in one process image after the other.

`session.py` joins; the rest are its parts: `quiet` (where no callback of the app is half done), `watching` and `saving`
(a save, from the watcher to its outcome), `reporting` (everybody is told), `reloading` (the exec reload), `desk` (keys
and questions), `migrating` and `configure` (a schema, the options: both follow their files), `telling` (what the start
line and the status say), `pages`, `service`, `signals`.
"""

from hotswap.session.session import ReloadPlan, Session

__all__ = ["ReloadPlan", "Session"]
