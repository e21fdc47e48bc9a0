from a import assist


def g():
    return assist()
