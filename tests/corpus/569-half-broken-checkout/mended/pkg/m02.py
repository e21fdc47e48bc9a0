from .base import K

V = K + 2 + 1000


def f(x=V):
    return x
