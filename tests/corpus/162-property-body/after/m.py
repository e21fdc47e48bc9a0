class A:
    def __init__(self):
        self.n = 2

    @property
    def x(self):
        return self.n * 10
