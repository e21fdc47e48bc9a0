"""Everything you can set. The environment wins over what is written here."""

import os
from pathlib import Path

HERE = Path(__file__).parent

TITLE = os.environ.get("DEMO_TITLE", "The Night Market")
GREETING = "Come in, the kettle is on."

# The raw TCP door: `nc 127.0.0.1 8001`. Port 0 takes any free one.
TCP_HOST = os.environ.get("DEMO_TCP_HOST", "127.0.0.1")
TCP_PORT = int(os.environ.get("DEMO_TCP_PORT", "8001"))

# Where what was said is written down. ":memory:" forgets at the end.
DATABASE = os.environ.get("DEMO_DATABASE", str(HERE / "market.db"))

# Try 0.2: the clock of every open page ticks faster from its next tick on.
TICK_SECONDS = 1.0

HISTORY_SHOWN = 40
LONGEST_LINE = 500
