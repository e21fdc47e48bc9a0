from .base import K

V = K + 4 + 1000


def f(x=V):
    return x
