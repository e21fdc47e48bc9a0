from .base import K

V = K + 25


def f():
    return V
