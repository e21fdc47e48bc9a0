from later import VALUE


def g():
    return VALUE
