def f():
    return A
