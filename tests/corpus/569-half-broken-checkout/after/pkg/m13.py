from .base import K

V = K + 13 + 1000


def f(x=V):
    return x
