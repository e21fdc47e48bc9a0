seen = []
B = 3


class C:
    def i(self):
        return 10

    def h(self):
        return f()


def g():
    return B


def f():
    return g() + A


A = 1
