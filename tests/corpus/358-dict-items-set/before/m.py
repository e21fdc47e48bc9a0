ROUTES = {}
ROUTES["a"] = 1
ROUTES["b"] = 2
