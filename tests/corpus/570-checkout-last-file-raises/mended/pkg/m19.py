from .base import K

V = K + 19 + 1000


def f(x=V):
    return x
