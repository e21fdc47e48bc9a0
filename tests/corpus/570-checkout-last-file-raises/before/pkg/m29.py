from .base import K

V = K + 29


def f():
    return V
