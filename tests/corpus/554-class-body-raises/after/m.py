import math

LIMIT = 1
SEEN = []


class Room:
    size = 1
    bad = {}['k']

    def say(self):
        return "old"


def f():
    return LIMIT
