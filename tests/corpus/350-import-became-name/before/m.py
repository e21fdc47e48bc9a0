from textwrap import dedent


def f():
    return dedent("  a")
