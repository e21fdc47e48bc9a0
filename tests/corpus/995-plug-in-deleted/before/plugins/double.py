from . import plugin


@plugin("double")
def double(x):
    return x * 2
