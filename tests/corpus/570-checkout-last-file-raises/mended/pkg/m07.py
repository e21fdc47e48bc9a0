from .base import K

V = K + 7 + 1000


def f(x=V):
    return x
