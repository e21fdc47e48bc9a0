class A:
    n = 2

    def f(self):
        return self.plugged
