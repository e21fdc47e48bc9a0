try:
    from itertools import pairwise
except ImportError:
    pairs = None
else:

    def pairs(items):
        return list(pairwise(items))
