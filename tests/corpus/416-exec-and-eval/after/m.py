NAMES = ["a", "b"]
for _n in NAMES:
    globals()[_n] = _n.upper() * 2
exec("c = a + b")
