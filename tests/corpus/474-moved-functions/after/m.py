class A:
    def x(self):
        return g()


def g():
    return f() + 1


def f():
    return 1
