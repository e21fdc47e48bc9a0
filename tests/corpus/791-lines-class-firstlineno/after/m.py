def f():
    one = 1
    two = 2
    return one + two


class A:
    x = 1

    def g(self):
        return 1
