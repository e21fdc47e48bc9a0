from .base import K

V = K + 10


def f():
    return V
