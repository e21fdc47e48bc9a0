from a import go


def f():
    return go()
