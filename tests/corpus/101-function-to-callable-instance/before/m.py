def greet(x):
    return x


def use():
    return greet("a")
