import math

LIMIT = 1
SEEN = []


class Room:
    size = 1

    def say(self):
        return "old"


def deco(f):
    raise ValueError('bad deco')


@deco
def f():
    return LIMIT
