from .base import K

V = K + 23


def f():
    return V
