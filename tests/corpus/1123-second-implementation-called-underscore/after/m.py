import functools


@functools.singledispatch
def render(value):
    return f"<{value}>"


@render.register
def _(value: int):
    return f"int {value}"


@render.register(list)
def render_list(value):
    return ",".join(render(v) for v in value)


@render.register
def _(value: float):
    return f"float {value}"
