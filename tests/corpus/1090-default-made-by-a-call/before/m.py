def limit():
    return 10


def page(size=limit()):
    return size
