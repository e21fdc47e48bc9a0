from .base import K

V = K + 1


def f():
    return V
