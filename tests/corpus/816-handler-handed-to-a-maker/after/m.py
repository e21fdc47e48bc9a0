class Bus:
    def __init__(self, handler):
        self.handler = handler
        self.log = []

    def send(self, value):
        self.log.append(self.handler(value))
        return self.log[-1]


def on_message(value):
    return value * 2


def create_bus(handler, name='main'):
    bus = Bus(handler)
    bus.name = name
    return bus


registry = {}
names = {'a': 1}


def register(name, handler):
    registry[name] = handler


def later(handler):
    def call(value):
        return handler(value)

    return call


bus = create_bus(on_message)
register('a', on_message)
lazy = later(on_message)
