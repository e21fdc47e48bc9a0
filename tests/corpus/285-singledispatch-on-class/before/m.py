from functools import singledispatch


class A:
    n = 1


@singledispatch
def show(x):
    return "any"


@show.register
def _(x: A):
    return f"A {x.n}"
