from __future__ import annotations


class Player:
    hp = 3

    def __init__(self, name):
        self.name = name

    def hello(self) -> str:
        return f"hi {self.name} {self.hp}"

    def twin(self) -> Player:
        return Player(self.name + "2")

    @property
    def low(self):
        return self.name.lower()

    class Bag:
        size = 2


players = {}


def who(p):
    match p:
        case Player(name=name):
            return name
        case _:
            return "nobody"


def shown():
    return [[who(p), who(p.twin()), p.hello(), p.low, type(p).__name__, p.Bag.size] for p in players.values()]


def add(name):
    players[name] = Player(name)
    return players[name]
