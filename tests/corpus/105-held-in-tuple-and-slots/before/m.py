def f(x):
    return x


class Slot:
    __slots__ = ("cb",)


s = Slot()
s.cb = f
TUPLE = (f, 1)
KEYS = {f: "f"}
FROZEN = frozenset([f])
