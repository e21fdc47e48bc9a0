from .base import K

V = K + 16


def f():
    return V
