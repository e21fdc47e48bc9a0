def make(cls, fields):
    cls.names = list(fields)
    cls.made = "once"
    return cls


class A:
    pass


class B:
    pass


fields = ["a", "first"]
A = make(A, fields)

fields = ["b", "second"]
B = make(B, fields)
