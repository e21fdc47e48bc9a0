class A:
    n = 1


A.extra = "old"
A.shown = lambda self: self.n
