class A:
    pass


def f(a: A):
    return a
