from .base import K

V = K + 20 + 1000


def f(x=V):
    return x
