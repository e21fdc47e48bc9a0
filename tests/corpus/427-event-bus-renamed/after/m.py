import bus
from bus import on


@on("start")
def first(x):
    return "first"


@bus.on("start")
def zweite(x):
    return "second"


@on("stop")
def third():
    return "third"
