class Dispatcher:
    def __init__(self):
        self.handlers = {}

    def message(self, name):
        def decorate(function):
            self.handlers[name] = function
            return function

        return decorate


def register(dispatcher):
    @dispatcher.message("hello")
    def hello():
        return "hello"

    @dispatcher.message("bye")
    def bye():
        return "bye"


def main():
    dispatcher = Dispatcher()
    register(dispatcher)
    return dispatcher
