from m import *


def names():
    return sorted(n for n in globals() if n.isupper())
