from dataclasses import dataclass


@dataclass
class D:
    a: int

    def __post_init__(self):
        self.b = self.a * 2
