import math

LIMIT = 1
SEEN = []


class Room:
    size = 1

    def say(self):
        return """old


def f():
    return LIMIT
