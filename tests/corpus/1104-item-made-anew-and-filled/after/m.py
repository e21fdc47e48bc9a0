INFO = {}
INFO["a"] = {"one": 1, "zero": 0}
INFO["a"]["two"] = 2
INFO["a"].update(three=3)
INFO["b"] = {"four": 4}
