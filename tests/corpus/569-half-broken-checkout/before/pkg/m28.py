from .base import K

V = K + 28


def f():
    return V
