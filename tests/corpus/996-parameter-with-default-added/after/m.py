class Field:
    def __init__(self, kind, *rest, help="none"):
        self.kind = kind
        self.help = help

    def shown(self):
        return f"{self.kind} {self.help}"


class Pet:
    name = Field("str")

    def __init__(self, name, color: str = "red", size=1, tags=None, toys=None):
        self.label = name
        self.color, self.size = color, size
        self.tags = tags or []
        self.toys = {} if toys is None else toys

    def shown(self):
        return [self.label, self.color, self.size, self.tags, self.toys, Pet.name.shown()]


pets = [Pet("a")]


def shown():
    return [pet.shown() for pet in pets]
