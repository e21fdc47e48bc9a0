def make():
    n = 1
    def get():
        return n
    return get
