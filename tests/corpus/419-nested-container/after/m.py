TREE = {}
TREE["a"] = []
TREE["a"].append(5)
TREE["b"] = {"x": 1, "y": 2}
