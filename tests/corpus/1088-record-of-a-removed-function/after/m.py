class Command:
    def __init__(self, function, text):
        self.function = function
        self.text = text


COMMANDS = {}


def command(text):
    def register(function):
        COMMANDS[function.__name__] = Command(function, text)
        return function

    return register


@command("one")
def first():
    return 1


def run():
    return [(name, c.text, c.function()) for name, c in COMMANDS.items()]
