"""``python -m hotswap``; see ``cli``."""

from __future__ import annotations

import sys

from hotswap.cli import main

if __name__ == "__main__":
    sys.exit(main())
