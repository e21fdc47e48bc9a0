CACHE = {}


def get(k):
    if k not in CACHE:
        CACHE[k] = k * 2
    return CACHE[k]
