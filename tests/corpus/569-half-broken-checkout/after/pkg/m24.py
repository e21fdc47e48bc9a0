from .base import K

V = K + 24 + 1000


def f(x=V):
    return x
