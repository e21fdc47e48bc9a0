from old_name import f


def g():
    return f()
