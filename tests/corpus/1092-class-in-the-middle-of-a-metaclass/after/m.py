KINDS = {}


class Kind(type):
    def __init__(cls, name, bases, names):
        super().__init__(name, bases, names)
        KINDS[name] = cls


class First(metaclass=Kind):
    pass


class Second(metaclass=Kind):
    pass


class Third(metaclass=Kind):
    pass


def names():
    return list(KINDS)
