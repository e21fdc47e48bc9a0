from .base import K

V = K + 6


def f():
    return V
