from .base import K

V = K + 18 + 1000


def f(x=V):
    return x
