from functools import singledispatch


@singledispatch
def show(value):
    return "something"


@show.register
def _(value: int):
    return "an integer"


@show.register
def _(value: str):
    return "a string"


@show.register
def _(value: float):
    return "a float"
