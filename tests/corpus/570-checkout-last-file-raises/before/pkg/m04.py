from .base import K

V = K + 4


def f():
    return V
