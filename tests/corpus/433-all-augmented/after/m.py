a = 1
b = 2
c = 3
__all__ = ["a"]
for _n in ("c",):
    __all__.append(_n)
