import bus
from bus import on


@on("start")
def first(x):
    return "first"


@on("stop")
def third():
    return "third"
