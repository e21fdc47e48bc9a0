from .base import K

V = K + 22


def f():
    return V
