def f():
    """New."""
    return 1
