from .base import K

V = K + 14


def f():
    return V
