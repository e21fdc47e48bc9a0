from .base import K

V = K + 27 + 1000


def f(x=V):
    return x
