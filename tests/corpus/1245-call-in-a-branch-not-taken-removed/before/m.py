import logging
import sys

if sys.version_info < (3, 8):
    logging.addLevelName(5, "TRACE")
else:
    LIMIT = 1

try:
    from nowhere import fixes
except ImportError:
    pass
else:
    fixes.apply()

if sys.platform == "nowhere":
    from nowhere import patches

    patches.apply()


def limit():
    return 5
