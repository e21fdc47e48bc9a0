from functools import singledispatch


@singledispatch
def show(value):
    return "something"


@show.register
def _(value: int):
    return "a number"


@show.register
def _(value: str):
    return "a text"
