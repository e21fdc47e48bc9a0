from enum import Enum


class Planet(Enum):
    EARTH = (1, 11)
    MARS = (2, 20)
    VENUS = (3, 30)

    def __init__(self, mass, radius):
        self.mass, self.radius = mass, radius
        self.both = mass * radius
