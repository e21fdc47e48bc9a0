def f():
    """Base."""


f.__doc__ += " More."
