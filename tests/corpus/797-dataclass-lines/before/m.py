from dataclasses import dataclass


@dataclass
class D:
    a: int = 1

    def f(self):
        return 1 / 0
