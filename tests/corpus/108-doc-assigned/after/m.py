def f():
    """Base."""


f.__doc__ += " Much more."
