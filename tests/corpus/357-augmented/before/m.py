ITEMS = ["a"]
ITEMS += ["b"]
N = 1
N += 2
TEXT = "x"
TEXT += "y"
