HANDLERS = []


def on(priority):
    def register(function):
        HANDLERS.append((priority, function))
        HANDLERS.sort(key=lambda pair: pair[0])
        return function

    return register


@on(2)
def first():
    return 1


@on(1)
def between():
    return 3


@on(4)
def second():
    return 2


def run():
    return [function() for _, function in HANDLERS]
