SEEN = []


def mark(f):
    f.mark = "new"
    f.more = True
    return f


@mark
def a():
    return 1
