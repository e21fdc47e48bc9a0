class Field:
    def __init__(self, kind):
        self.kind = kind

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, obj, cls=None):
        if obj is None:
            return self
        return f"<{self.kind}>{self.name}={obj.__dict__.get(self.name)}"

    def __set__(self, obj, value):
        obj.__dict__[self.name] = value


class Row:
    a = Field("int")
    b = Field("str")
