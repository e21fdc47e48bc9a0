from enum import Enum


class Mode(Enum):
    ON = 1
    YES = 1
