from enum import Enum, auto


class Color(Enum):
    RED = "r"
    BLUE = "b"

    @property
    def short(self):
        return self.value[0]

    def hot(self):
        return self is Color.RED


DEFAULT = Color.RED
ALL = list(Color)
