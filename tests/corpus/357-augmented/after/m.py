ITEMS = ["a"]
ITEMS += ["c", "d"]
N = 1
N += 3
TEXT = "x"
TEXT += "z"
