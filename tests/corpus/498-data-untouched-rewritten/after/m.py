X = 'a'
N = 1_000
F = 16


def f():
    return "bc", 1000
