LIMIT = 10


def f(n=LIMIT):
    return n
