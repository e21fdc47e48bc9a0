for name in ("one", "two"):
    globals()["get_" + name] = lambda name=name: name

LIMIT = 1


def known():
    return sorted(n for n in globals() if n.startswith(("is_", "get_")))
