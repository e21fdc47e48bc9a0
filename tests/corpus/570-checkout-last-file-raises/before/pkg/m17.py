from .base import K

V = K + 17


def f():
    return V
