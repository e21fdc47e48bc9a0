# top
def make():
    def inner(x):
        # comment
        return x * 2
    return inner


def last():
    return 1
