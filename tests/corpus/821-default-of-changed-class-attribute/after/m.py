import enum


class Kind(enum.Enum):
    FILE = "file"
    LINE = "line"
    NAME = "name"


class Adder:
    _all = set(Kind)

    def __init__(self, kinds=_all):
        self.kinds = kinds

    def both(self, *, kinds=_all):
        return len(kinds)
