import conf

LIMIT = 10
STATE = []


def width():
    return LIMIT - conf.MARGIN


def double():
    return width() * 2


def remember(what):
    STATE.append(what)
    return len(STATE)


WIDTH = width()
TABLE = [double() for _ in range(2)]
