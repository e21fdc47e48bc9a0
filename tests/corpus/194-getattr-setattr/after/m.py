class Bag:
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return "missing " + name

    def __setattr__(self, name, value):
        self.__dict__[name] = [value]
