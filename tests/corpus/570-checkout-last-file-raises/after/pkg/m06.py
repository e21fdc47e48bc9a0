from .base import K

V = K + 6 + 1000


def f(x=V):
    return x
