from functools import singledispatch


@singledispatch
def show(x):
    return f"any {x}"


@show.register
def _(x: int):
    return f"int {x}"


@show.register(str)
def show_text(x):
    return f"text {x}"
