SEEN = []


def mark(f):
    f.mark = "old"
    return f


@mark
def a():
    return 1
