import math

LIMIT = 2
SEEN = []


class Room:
    size = 2

    def say(self):
        return "new"


def f():
    return LIMIT


M = 1 / 0
