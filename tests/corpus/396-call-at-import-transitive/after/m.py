def inner():
    return 10


def outer():
    return inner() + 1


TOTAL = outer()
STATE = []
