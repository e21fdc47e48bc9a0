def f():
    """Old."""
    return 1
