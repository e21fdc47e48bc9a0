import enum


class Room:
    def name(self):
        return "room"


class Colour(enum.Enum):
    RED = 1
