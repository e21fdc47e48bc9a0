from .base import K

V = K + 21 + 1000


def f(x=V):
    return x
