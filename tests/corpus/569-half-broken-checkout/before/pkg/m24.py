from .base import K

V = K + 24


def f():
    return V
