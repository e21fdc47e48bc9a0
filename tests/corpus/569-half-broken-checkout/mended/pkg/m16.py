from .base import K

V = K + 16 + 1000


def f(x=V):
    return x
