from clock import ticker

running = []


def start():
    g = ticker()
    next(g)
    running.append(g)
    return "ticking"


def kind():
    return "clock"
