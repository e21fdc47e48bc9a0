from .base import K

V = K + 12 + 1000


def f(x=V):
    return x
