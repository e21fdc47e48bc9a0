from enum import IntEnum, IntFlag


class Level(IntEnum):
    LOW = 1


class P(IntFlag):
    R = 1
