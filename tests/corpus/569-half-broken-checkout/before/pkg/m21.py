from .base import K

V = K + 21


def f():
    return V
