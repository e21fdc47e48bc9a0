from . import b
from .b import val


def f():
    return val, b.val
