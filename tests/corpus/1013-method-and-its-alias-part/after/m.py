class Base:
    __slots__ = ("size",)

    def fail(self):
        return "failed"

    __getitem__ = __add__ = fail


class Chain(Base):
    __slots__ = ()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, _name):
        return "item"
