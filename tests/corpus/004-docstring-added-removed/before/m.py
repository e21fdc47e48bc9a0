def f():
    return 1

def g():
    """Was here."""
    return 2
