from . import b
from .b import more, val


def f():
    return val, b.val, more
