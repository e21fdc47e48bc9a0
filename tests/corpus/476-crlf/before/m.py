X = []


def f():
    return """a
b"""
