class Base:
    __slots__ = ("size",)

    def fail(self):
        return "fail"

    __getitem__ = __add__ = fail


class Chain(Base):
    __slots__ = ()

    def __getattr__(self, _):
        return self

    __getitem__ = __getattr__


del (Base.__slots__, Chain.__slots__)
