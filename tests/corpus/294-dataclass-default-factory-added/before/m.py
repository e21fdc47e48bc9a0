from dataclasses import dataclass, field


@dataclass
class D:
    a: int = 1
