def make():
    n = 1
    def get():
        nonlocal n
        n = n + 0
        return [n]
    return get
