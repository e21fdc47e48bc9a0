from . import plugin


@plugin("square")
def square(x):
    return x * 2
