from enum import Enum


class Kind(str, Enum):
    A = "a"


DEFAULT = Kind.A
