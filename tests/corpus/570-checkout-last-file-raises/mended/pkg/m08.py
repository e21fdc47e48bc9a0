from .base import K

V = K + 8 + 1000


def f(x=V):
    return x
