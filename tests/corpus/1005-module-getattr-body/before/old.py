def __getattr__(name):
    if name == "LIMIT":
        return 1
    raise AttributeError(name)
