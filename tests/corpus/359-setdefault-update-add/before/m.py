D = {}
D.setdefault("a", []).append(1)
D.update(b=2)
S = set()
S.add(1)
