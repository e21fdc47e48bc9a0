class Record:
    def __init__(self, origin, fields):
        self.origin = origin
        self.fields = fields


class Field:
    def __init__(self, name, origin):
        self.name = name
        self.origin = origin


def described(cls):
    names = [name for name in vars(cls) if not name.startswith("_")]
    cls.record = Record(cls, [Field(name, cls) for name in names])
    return cls


def schema(cls, first):
    if cls.record.origin is not cls:
        raise TypeError(f"{cls.__name__} is not decorated itself")
    return first, {field.name: field.origin is cls for field in cls.record.fields}


def books():
    return ["Emma"]


@described
class Query:
    books = books()

    def bye(self):
        return "bye"

    def hello(self):
        return "one"


made = schema(Query, books())
query = Query()
