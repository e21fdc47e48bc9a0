import bus
from bus import on


@on("start")
def first(x):
    return "first"


@bus.on("stop")
def second():
    return "second"


@on("stop")
def third():
    return "third"
