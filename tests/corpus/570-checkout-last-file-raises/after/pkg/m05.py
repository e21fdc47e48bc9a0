from .base import K

V = K + 5 + 1000


def f(x=V):
    return x
