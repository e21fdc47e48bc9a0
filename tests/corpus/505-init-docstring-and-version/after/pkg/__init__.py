"""New."""

__version__ = "2.0"

from .core import run

__all__ = ["run"]
