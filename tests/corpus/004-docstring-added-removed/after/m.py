def f():
    """Is here."""
    return 1

def g():
    return 2
