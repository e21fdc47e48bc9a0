COMMANDS = {}


def command(name=None):
    def register(function):
        COMMANDS[name or function.__name__] = {"run": function, "help": function.__doc__}
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


def call(name):
    return COMMANDS[name]["run"](), COMMANDS[name]["help"]
