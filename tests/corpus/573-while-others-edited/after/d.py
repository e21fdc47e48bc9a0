import c

N = len(c.bs)
assert N == 1, 'two'
