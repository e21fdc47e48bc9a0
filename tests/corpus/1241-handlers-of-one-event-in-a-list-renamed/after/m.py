class Bus:
    def __init__(self):
        self.handlers = {}

    def on(self, name, handler):
        self._add(name, handler)

    def _add(self, name, handler):
        self.handlers.setdefault(name, []).append(handler)


bus = Bus()


def command(name=None):
    def register(function):
        bus.on(name or "any", function)
        return function

    return register


@command()
def greet():
    "Greets."
    return "hello"


@command()
def leave():
    "Says goodbye."
    return "bye"


@command("dice")
def roll():
    return 4


def emit():
    return {name: [f() for f in found] for name, found in bus.handlers.items()}
