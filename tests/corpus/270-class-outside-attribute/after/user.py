import m

m.A.plugged = "in"
m.A.size = lambda self: self.n
