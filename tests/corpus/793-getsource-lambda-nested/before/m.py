def make():
    def inner(x):
        return x
    return inner


def last():
    return 1
