class A:
    pass


for _name in ("x", "y"):
    setattr(A, _name, lambda self, _n=_name: _n)
del _name
