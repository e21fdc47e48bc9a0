import sys

globals()["LIMIT"] = 5
globals()["ROOMS"] = []
ROOMS.append(LIMIT)
globals().update(SIZE=7, OLD=1)
setattr(sys.modules[__name__], "DEPTH", 8)
sys.modules[__name__].WIDTH = 9
sys.modules[__name__].GONE = 10
DOUBLE = globals()["LIMIT"] * 2


def area():
    return SIZE * WIDTH * DEPTH
