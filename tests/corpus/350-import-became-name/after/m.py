def dedent(x):
    return "mine"


def f():
    return dedent("  a")
