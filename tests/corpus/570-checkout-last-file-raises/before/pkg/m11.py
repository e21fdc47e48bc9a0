from .base import K

V = K + 11


def f():
    return V
