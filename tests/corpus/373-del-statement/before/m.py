def _make(n):
    return n * 2


A = _make(1)
B = _make(2)
del _make
