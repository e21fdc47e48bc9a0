import bus
from bus import on


@on("start")
def first(x, y=5):
    return y


@bus.on("start")
def second(x):
    return "second"


@on("stop")
def third():
    return "third"
