def f(self):
    return 1


A = type("A", (), {"n": 2, "f": f})
