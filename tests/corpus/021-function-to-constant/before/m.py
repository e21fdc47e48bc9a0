def f():
    return 1


G = 2
