from .base import K

V = K + 29 + 1000


def f(x=V):
    return x

assert V < 0
