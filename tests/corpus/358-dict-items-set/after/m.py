ROUTES = {}
ROUTES["a"] = 10
ROUTES["c"] = 3
