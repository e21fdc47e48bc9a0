from .base import K

V = K + 12


def f():
    return V
