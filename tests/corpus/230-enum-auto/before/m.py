from enum import Enum, auto


class Step(Enum):
    A = auto()
    B = auto()
