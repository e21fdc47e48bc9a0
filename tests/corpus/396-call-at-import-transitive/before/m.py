def inner():
    return 1


def outer():
    return inner() + 1


TOTAL = outer()
STATE = []
