from .base import K

V = K + 2


def f():
    return V
