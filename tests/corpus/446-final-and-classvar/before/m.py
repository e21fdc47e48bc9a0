from typing import Final

LIMIT: Final = 1


class Limits:
    low: Final[int] = LIMIT
    high: Final[int] = LIMIT * 10


RANGE = range(Limits.low, Limits.high)
