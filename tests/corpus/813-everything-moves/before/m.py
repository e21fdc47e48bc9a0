A = 1


def f():
    return g() + A


def g():
    return B


class C:
    def h(self):
        return f()

    def i(self):
        return 1


B = 2
seen = []
