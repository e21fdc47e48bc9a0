from dataclasses import dataclass


@dataclass(frozen=True)
class Conf:
    debug: bool = False
    size: int = 1


CONF = Conf(size=2)
