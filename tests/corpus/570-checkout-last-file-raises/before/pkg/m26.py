from .base import K

V = K + 26


def f():
    return V
