LIMIT = 2


def low():
    return 1
