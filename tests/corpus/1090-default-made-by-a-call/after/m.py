def limit():
    return 20


def page(size=limit()):
    return size
