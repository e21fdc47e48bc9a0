def f(x, k=10):
    return x * k


class Slot:
    __slots__ = ("cb",)


s = Slot()
s.cb = f
TUPLE = (f, 1)
KEYS = {f: "f"}
FROZEN = frozenset([f])
