from .base import K

V = K + 20


def f():
    return V
