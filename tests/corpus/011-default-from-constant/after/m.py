LIMIT = 20


def f(n=LIMIT):
    return n
