def a(f):
    def inner(*x):
        return "a" + f(*x)
    return inner


def b(f):
    def inner(*x):
        return "b" + f(*x)
    return inner


@a
@b
def say(x):
    return x
