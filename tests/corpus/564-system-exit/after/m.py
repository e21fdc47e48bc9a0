import math

LIMIT = 2
SEEN = []


class Room:
    size = 1

    def say(self):
        return "old"


def f():
    return LIMIT

import sys

sys.exit(3)
