from enum import Enum


class Kind(str, Enum):
    A = "a"
    B = "b"


DEFAULT = Kind.A
