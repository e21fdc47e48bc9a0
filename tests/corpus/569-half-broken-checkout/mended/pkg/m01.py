from .base import K

V = K + 1 + 1000


def f(x=V):
    return x
