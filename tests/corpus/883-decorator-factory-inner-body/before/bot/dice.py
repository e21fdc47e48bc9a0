from .core import command


@command()
def roll():
    return 6
