from dataclasses import InitVar, dataclass
from typing import ClassVar


@dataclass(kw_only=True)
class D:
    a: int
    b: int = 2
    kind: ClassVar[str] = "k"
    scale: InitVar[int] = 1

    def __post_init__(self, scale):
        self.a *= scale
