from .base import K

V = K + 28 + 1000


def f(x=V):
    return x
