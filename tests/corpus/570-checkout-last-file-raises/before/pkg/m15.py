from .base import K

V = K + 15


def f():
    return V
