import enum


class Plain(enum.Enum):
    A = enum.auto()


class State(str, enum.Enum):
    OK = "ok"
