class Meta(type):
    def __new__(mcs, name, bases, ns):
        cls = super().__new__(mcs, name, bases, ns)
        cls.made = "one"
        return cls

    def shout(cls):
        return cls.__name__.upper()


class A(metaclass=Meta):
    def f(self):
        return 1


class B:
    pass
