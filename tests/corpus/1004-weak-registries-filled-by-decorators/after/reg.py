import weakref

KINDS = weakref.WeakSet()
BY_NAME = weakref.WeakValueDictionary()


def kind(cls):
    KINDS.add(cls)
    return cls


def named(function):
    BY_NAME[function.__name__] = function
    return function


@kind
class Room:
    size = 2


@kind
class Hall:
    pass


@named
def say(loud=False):
    return "HI" if loud else "hi"


@named
def shout():
    return "HO"
