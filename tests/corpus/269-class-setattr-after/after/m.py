class A:
    n = 2


A.extra = "new"
A.shown = lambda self: self.n * 10
