from .base import K

V = K + 23 + 1000


def f(x=V):
    return x
