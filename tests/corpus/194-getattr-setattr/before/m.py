class Bag:
    def __getattr__(self, name):
        return "no " + name

    def __setattr__(self, name, value):
        self.__dict__[name] = value
