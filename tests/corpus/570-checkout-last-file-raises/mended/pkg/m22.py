from .base import K

V = K + 22 + 1000


def f(x=V):
    return x
