class A:
    def __init__(self, n):
        self.n = n

    def __getstate__(self):
        return {"n": self.n * 10}
