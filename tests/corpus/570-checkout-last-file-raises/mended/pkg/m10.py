from .base import K

V = K + 10 + 1000


def f(x=V):
    return x
