import enum


def deprecated(cls):
    def __init_subclass__(sub):
        raise TypeError("deprecated")

    cls.__deprecated__ = "use another"
    cls.old = True
    cls.__init_subclass__ = classmethod(__init_subclass__)
    return cls


@deprecated
class Room:
    def name(self):
        return "old room"


@deprecated
class Colour(enum.Enum):
    RED = 1
