from enum import Enum


class C(Enum):
    A = 1

    @classmethod
    def _missing_(cls, value):
        return cls.A
