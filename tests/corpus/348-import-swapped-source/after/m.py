from b import go


def f():
    return go()
