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
    size = 1


@named
def say():
    return "hi"
