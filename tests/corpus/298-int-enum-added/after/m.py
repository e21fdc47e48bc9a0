from enum import IntEnum, IntFlag


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class P(IntFlag):
    R = 1
    W = 2
