from .base import K

V = K + 8


def f():
    return V
