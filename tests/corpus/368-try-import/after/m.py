try:
    import json as fast
except ImportError:
    fast = None


def f():
    return fast is None
