D = {}
D.setdefault("a", []).append(5)
D.update(b=3, c=4)
S = set()
S.add(2)
