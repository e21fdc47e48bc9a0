from .base import K

V = K + 9 + 1000


def f(x=V):
    return x
