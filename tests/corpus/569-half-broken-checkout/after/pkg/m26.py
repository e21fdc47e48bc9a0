from .base import K

V = K + 26 + 1000


def f(x=V):
    return x
