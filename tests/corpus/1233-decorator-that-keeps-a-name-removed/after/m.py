NAMES = []


def command(name=None):
    def register(function):
        NAMES.append(name or function.__name__)
        return function

    return register


@command()
def leave():
    "Says goodbye."
    return "bye"


@command("dice")
def roll():
    return 4
