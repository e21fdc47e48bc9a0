from .base import K

V = K + 13


def f():
    return V
