from .base import K

V = K + 5


def f():
    return V
