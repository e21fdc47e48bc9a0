import enum


class Plain(enum.Enum):
    A = enum.auto()


class State(enum.StrEnum):
    OK = "ok"
