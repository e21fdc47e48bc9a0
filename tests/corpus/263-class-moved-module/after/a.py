from b import C


def make():
    return C()
