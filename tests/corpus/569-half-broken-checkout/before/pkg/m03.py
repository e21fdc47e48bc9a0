from .base import K

V = K + 3


def f():
    return V
