from a import helper


def g():
    return helper()
