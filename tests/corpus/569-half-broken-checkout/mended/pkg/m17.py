from .base import K

V = K + 17 + 1000


def f(x=V):
    return x
