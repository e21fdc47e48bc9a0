from enum import Enum

START = 0


class Mode(Enum):
    IDLE = "idle"
    BUSY = "busy"


class Stats:
    def __init__(self):
        self.n = 0


mode = Mode.IDLE
state = {"mode": Mode.IDLE, "n": 0}
counts = {Mode.IDLE: 0, Mode.BUSY: 0}
queues = {m: [] for m in Mode}
stats = {m: Stats() for m in Mode}
scores = dict.fromkeys(Mode, 0)
values = {m: m.value for m in Mode}
label = Mode.IDLE.value


def held():
    return [
        mode.name,
        state["mode"].name,
        state["n"],
        {m.name: n for m, n in counts.items()},
        {m.name: q for m, q in queues.items()},
        {m.name: s.n for m, s in stats.items()},
        {m.name: n for m, n in scores.items()},
    ]


def derived():
    return [{m.name: v for m, v in values.items()}, label]
