def f():
    return 1


def g():
    return f() + 1


class A:
    def x(self):
        return g()
