import math

LIMIT = LIMITT
SEEN = []


class Room:
    size = 1

    def say(self):
        return "old"


def f():
    return LIMIT
