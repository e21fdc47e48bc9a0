def __getattr__(name):
    if name in ("lazy", "more"):
        return 2
    raise AttributeError(name)


def __dir__():
    return ["lazy", "more"]
