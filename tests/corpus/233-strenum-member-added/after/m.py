from enum import StrEnum


class Kind(StrEnum):
    A = "a"
    B = "b"


NAMES = ",".join(Kind)
