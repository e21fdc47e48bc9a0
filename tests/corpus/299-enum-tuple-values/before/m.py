from enum import Enum


class Planet(Enum):
    EARTH = (1, 10)
    MARS = (2, 20)

    def __init__(self, mass, radius):
        self.mass, self.radius = mass, radius
