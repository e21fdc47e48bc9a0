from m import service


def f():
    return service.n
