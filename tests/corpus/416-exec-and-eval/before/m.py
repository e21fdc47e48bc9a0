NAMES = ["a", "b"]
for _n in NAMES:
    globals()[_n] = _n.upper()
exec("c = a + b")
