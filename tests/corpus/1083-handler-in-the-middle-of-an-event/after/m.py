HANDLERS = {}


def on(event):
    def register(function):
        HANDLERS.setdefault(event, []).append(function)
        return function

    return register


@on("saved")
def first():
    return 1


@on("saved")
def second():
    return 2


@on("saved")
def third():
    return 3


def run():
    return [handler() for handler in HANDLERS["saved"]]
