from .base import K

V = K + 25 + 1000


def f(x=V):
    return x
