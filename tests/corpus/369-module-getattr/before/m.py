def __getattr__(name):
    if name == "lazy":
        return 1
    raise AttributeError(name)


def __dir__():
    return ["lazy"]
