def __getattr__(name):
    if name == "LIMIT":
        return 5
    raise AttributeError(name)
