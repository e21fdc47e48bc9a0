import atexit


def bye():
    return 1


def ciao():
    return 2


atexit.register(ciao)
X = 2
