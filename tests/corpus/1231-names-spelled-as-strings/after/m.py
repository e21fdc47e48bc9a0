import sys

globals()["LIMIT"] = 6
globals()["ROOMS"] = []
ROOMS.append(LIMIT)
globals().update(SIZE=7)
setattr(sys.modules[__name__], "DEPTH", 80)
sys.modules[__name__].WIDTH = 9
DOUBLE = globals()["LIMIT"] * 2


def area():
    return SIZE * WIDTH * DEPTH
