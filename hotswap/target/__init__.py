"""What TARGET means: found on disk first, without running anything; then imported, and the app in it found.

The order of the search is the one that docs/reference/cli.md lists.
"""

from hotswap.target.app import AppFailed, Found, find_app, is_app, is_wsgi
from hotswap.target.disk import Target, as_program, is_path, resolve

__all__ = [
    "AppFailed",
    "Found",
    "Target",
    "as_program",
    "find_app",
    "is_app",
    "is_path",
    "is_wsgi",
    "resolve",
]
