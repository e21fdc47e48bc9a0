from functools import singledispatch


@singledispatch
def show(x):
    return f"any {x}"


@show.register
def _(x: int):
    return f"int {x}"


@show.register(list)
def show_list(x):
    return f"list {x}"
