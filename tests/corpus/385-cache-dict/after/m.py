CACHE = {}


def get(k):
    if k not in CACHE:
        CACHE[k] = k * 3
    return CACHE[k]
