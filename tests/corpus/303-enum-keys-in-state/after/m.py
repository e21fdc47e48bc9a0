from enum import Enum


class C(Enum):
    A = 1
    B = 2
    D = 4

    def label(self):
        return self.name


counts = {C.A: 0, C.B: 0}


def hit(c):
    counts[c] = counts.get(c, 0) + 1
