class Meta(type):
    def __new__(mcls, name, bases, space):
        cls = super().__new__(mcls, name, bases, space)
        cls.mark = name.lower()
        return cls


class Unit(metaclass=Meta):
    pass


class Knight(Unit):
    pass
