from .base import K

V = K + 18


def f():
    return V
