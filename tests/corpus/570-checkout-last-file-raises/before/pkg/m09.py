from .base import K

V = K + 9


def f():
    return V
