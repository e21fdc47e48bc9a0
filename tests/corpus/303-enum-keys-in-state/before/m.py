from enum import Enum


class C(Enum):
    A = 1
    B = 2


counts = {C.A: 0, C.B: 0}


def hit(c):
    counts[c] += 1
