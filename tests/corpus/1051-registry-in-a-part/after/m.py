class Shelf:
    def __init__(self):
        self.kept = {"start": [], "stop": []}

    def add(self, event, function):
        self.kept[event].append(function.__name__)


class Bus:
    def __init__(self):
        self.shelf = Shelf()

    def on(self, event):
        def register(function):
            self.shelf.add(event, function)
            return function

        return register


bus = Bus()


@bus.on("start")
def greet():
    return "hello"


@bus.on("stop")
def count():
    return 1
