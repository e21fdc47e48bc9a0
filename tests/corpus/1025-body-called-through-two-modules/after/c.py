import b
from b import middle


def high():
    return middle() * 10


def other():
    return b.middle() * 100
