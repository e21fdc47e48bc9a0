from .base import K

V = K + 11 + 1000


def f(x=V):
    return x
