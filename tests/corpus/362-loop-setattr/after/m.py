class A:
    pass


for _name in ("x", "z"):
    setattr(A, _name, lambda self, _n=_name: _n * 2)
del _name
