from dataclasses import dataclass, field


@dataclass
class D:
    a: int = 1
    tags: list = field(default_factory=list)
