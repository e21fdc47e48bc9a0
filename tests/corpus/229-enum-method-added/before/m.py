from enum import Enum, auto


class Color(Enum):
    RED = "r"
    BLUE = "b"

    def hot(self):
        return self is Color.RED


DEFAULT = Color.RED
ALL = list(Color)
