from dataclasses import dataclass


class Named:
    pass


class Aged:
    pass


class User(Named):
    limit = 1


@dataclass
class Point:
    x: int = 0
