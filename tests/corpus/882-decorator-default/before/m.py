from deco import logged


@logged()
def greet(name):
    return f"hi {name}"


held = [greet]
