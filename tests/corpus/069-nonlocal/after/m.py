def counter():
    n = 0
    def bump():
        nonlocal n
        n += 100
        return n
    def peek():
        return [n]
    return bump, peek
