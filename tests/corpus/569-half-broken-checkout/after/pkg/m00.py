<<<<<<< HEAD
from .base import K

V = K + 0 + 1000


def f(x=V):
    return x
