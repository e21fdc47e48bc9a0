class V:
    def __init__(self, n):
        self.n = n

    def __add__(self, o):
        return self.n + o.n
