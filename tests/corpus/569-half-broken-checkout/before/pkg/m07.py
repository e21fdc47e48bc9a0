from .base import K

V = K + 7


def f():
    return V
