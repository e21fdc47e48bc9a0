from .base import K

V = K + 15 + 1000


def f(x=V):
    return x
