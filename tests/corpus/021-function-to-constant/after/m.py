f = 1


def G():
    return 2
