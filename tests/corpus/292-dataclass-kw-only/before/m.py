from dataclasses import InitVar, dataclass
from typing import ClassVar


@dataclass
class D:
    a: int
    b: int = 2
