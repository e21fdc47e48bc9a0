TREE = {}
TREE["a"] = []
TREE["a"].append(1)
TREE["b"] = {"x": 1}
