from .core import RATE, run

__all__ = ['RATE', 'run']
