class Field:
    def __init__(self, kind, *rest):
        self.kind = kind

    def shown(self):
        return self.kind


class Pet:
    name = Field("str")

    def __init__(self, name):
        self.label = name

    def shown(self):
        return [self.label, Pet.name.shown()]


pets = [Pet("a")]


def shown():
    return [pet.shown() for pet in pets]
