import argparse

import cmds
from cmds import HANDLERS, Bot, roll


def described(function):
    return f"{function.__name__}: {function.__doc__}"


def built():
    return cmds.Bot.__doc__.upper()


class Entry:
    def __init__(self, function):
        self.function = function
        self.help = described(function)


SHORT = roll.__doc__
METHOD = cmds.Bot.greet.__doc__
TITLE = built()
TABLE = {function.__name__: described(function) for function in HANDLERS}
ENTRY = Entry(roll)
parser = argparse.ArgumentParser(description=Bot.__doc__)
