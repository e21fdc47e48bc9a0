from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    room: str
    number: int = 0


SEATS = {Key("a"): 1, Key("b", 2): 2}
seen = set()
