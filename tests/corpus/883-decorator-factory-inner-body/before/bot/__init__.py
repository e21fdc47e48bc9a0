from .core import command, run
