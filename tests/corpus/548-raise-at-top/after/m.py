raise RuntimeError("no")
import math

LIMIT = 1
SEEN = []


class Room:
    size = 1

    def say(self):
        return "new"


def f():
    return LIMIT
