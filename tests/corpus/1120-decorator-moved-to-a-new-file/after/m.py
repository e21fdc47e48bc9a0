from registry import COMMANDS, command


@command()
def who(room):
    """Who is here."""
    return f"all of {room}"


@command("help", hidden=True)
def show_help():
    return sorted(COMMANDS)


def run(line):
    name, *args = line.split()
    return COMMANDS[name](*args)
