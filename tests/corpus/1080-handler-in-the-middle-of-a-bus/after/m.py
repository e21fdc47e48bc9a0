class Bus:
    def __init__(self):
        self.handlers = []

    def on(self, function):
        self.handlers.append(function)
        return function


bus = Bus()


@bus.on
def first():
    return 1


@bus.on
def second():
    return 2


@bus.on
def third():
    return 3


def run():
    return [handler() for handler in bus.handlers]
