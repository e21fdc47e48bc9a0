LIMIT = 1


def low():
    return 1
