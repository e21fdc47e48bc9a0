X = "a"
N = 1000
F = 0x10


def f():
    return 'b' "c", 1_000
