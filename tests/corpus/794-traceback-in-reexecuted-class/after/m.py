class A:
    """Doc."""

    n = 2
    extra = True

    def f(self):
        return self.g()

    def g(self):
        raise ValueError(self.n)
