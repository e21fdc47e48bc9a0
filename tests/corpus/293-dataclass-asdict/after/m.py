from dataclasses import asdict, dataclass, field, fields, replace


@dataclass
class Inner:
    x: int = 1
    y: int = 2


@dataclass
class Outer:
    inner: Inner = field(default_factory=Inner)
    name: str = "n"


def show(o):
    return asdict(o), [f.name for f in fields(o)], replace(o, inner=Inner(5)).inner.x
