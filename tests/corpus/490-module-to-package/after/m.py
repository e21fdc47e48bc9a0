from lib import f


def g():
    return f()
