def make(kind):
    if kind:
        def f():
            return "a"
    else:
        def f():
            return "b"
    return f
