running = []


def start():
    return "nothing ticks"


def kind():
    return "no clock"
