import impl
from impl import f

f.__module__ = 'm'
