from enum import StrEnum


class Kind(StrEnum):
    A = "a"
