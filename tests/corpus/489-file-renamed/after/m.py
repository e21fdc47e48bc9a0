from new_name import f


def g():
    return f()
