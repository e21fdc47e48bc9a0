import deco
from deco import tag


@tag
def a():
    return 1


@deco.tag
def b():
    return 2
