def tag(self):
    return f"tag of {self}"


def tagged(cls):
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
