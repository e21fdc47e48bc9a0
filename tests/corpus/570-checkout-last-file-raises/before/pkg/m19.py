from .base import K

V = K + 19


def f():
    return V
