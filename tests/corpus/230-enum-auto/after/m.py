from enum import Enum, auto


class Step(Enum):
    ZERO = auto()
    A = auto()
    B = auto()
