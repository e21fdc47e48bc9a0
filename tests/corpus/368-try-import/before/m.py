try:
    import nowhere_fast as fast
except ImportError:
    fast = None


def f():
    return fast is None
