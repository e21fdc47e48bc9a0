from a import extra, f


def g():
    return f() + extra()
