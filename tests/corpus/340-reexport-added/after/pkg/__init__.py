from .core import run, stop
