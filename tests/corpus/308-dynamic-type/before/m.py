def f(self):
    return 1


A = type("A", (), {"n": 1, "f": f})
