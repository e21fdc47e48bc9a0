def tagged(cls):
    def tag(self):
        return f"{cls.__name__} of {self}"

    tag.__qualname__ = f"{cls.__name__}.tag"
    cls.tag = tag
    return cls


@tagged
class A:
    def __str__(self):
        return "an A"


@tagged
class B:
    def __str__(self):
        return "a B"
