import math

LIMIT = (lambda f: f(f))(lambda f: f(f))
SEEN = []


class Room:
    size = 1

    def say(self):
        return "old"


def f():
    return LIMIT
