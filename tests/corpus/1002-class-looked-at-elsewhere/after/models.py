from dataclasses import dataclass


class Named:
    pass


class Aged:
    pass


class User(Aged):
    limit = 5

    def ban(self):
        return "banned"


@dataclass
class Point:
    x: int = 0
    y: int = 0
