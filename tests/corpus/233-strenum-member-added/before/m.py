from enum import StrEnum


class Kind(StrEnum):
    A = "a"


NAMES = ",".join(Kind)
