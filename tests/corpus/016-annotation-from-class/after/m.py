class A:
    pass


class B:
    pass


def f(a: B):
    return a
