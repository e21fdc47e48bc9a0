class V:
    def __init__(self, n):
        self.n = n

    def __add__(self, o):
        return -(self.n + o.n)

    def __lt__(self, o):
        return self.n < o.n

    def __len__(self):
        return self.n

    def __call__(self, x):
        return self.n * x
