"""Old."""

__version__ = "1.0"

from .core import run

__all__ = ["run"]
