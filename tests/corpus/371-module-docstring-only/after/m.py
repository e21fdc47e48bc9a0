"""New.

More.
"""


def f():
    return 1
