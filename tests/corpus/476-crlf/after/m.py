X = []


def f():
    return """a
c"""
