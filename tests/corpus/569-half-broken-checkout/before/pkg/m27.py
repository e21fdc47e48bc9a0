from .base import K

V = K + 27


def f():
    return V
