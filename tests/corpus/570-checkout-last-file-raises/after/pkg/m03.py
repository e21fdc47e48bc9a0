from .base import K

V = K + 3 + 1000


def f(x=V):
    return x
