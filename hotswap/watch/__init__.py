"""From the kernel's events to settled batches of changed files.

``watcher`` joins: ``kernel`` (watchdog, the only file that imports it), ``poll`` (where no events come), ``settle``
(when a save is complete: pure), ``places`` and ``mounts`` (where to look: pure), ``disk`` (the calls to the system).
"""

from __future__ import annotations

from hotswap.watch.watcher import Settled, Watcher

__all__ = ["Settled", "Watcher"]
