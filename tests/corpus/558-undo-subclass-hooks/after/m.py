class Base:
    subs = []

    def __init_subclass__(cls):
        Base.subs.append(cls.__name__)


class A(Base):
    n = 2


class New(Base):
    pass


raise KeyError("k")
