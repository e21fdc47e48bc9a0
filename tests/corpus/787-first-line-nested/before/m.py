def f():
    def g():
        return 1
    h = lambda: 2
    return g, h


K = {"a": lambda: 3}
