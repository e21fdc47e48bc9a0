from dataclasses import dataclass


@dataclass
class D:
    a: int = 1
    b: int = 2
