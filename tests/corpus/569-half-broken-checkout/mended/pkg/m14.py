from .base import K

V = K + 14 + 1000


def f(x=V):
    return x
