class A:
    n = 1

    def f(self):
        return self.g()

    def g(self):
        raise ValueError(self.n)
