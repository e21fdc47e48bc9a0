from c import deep


def mid():
    return deep() + 1
