import c

N = len(c.bs)
