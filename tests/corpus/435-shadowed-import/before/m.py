from os.path import join


def join(*a):
    return "mine"


def f():
    return join("a", "b")
