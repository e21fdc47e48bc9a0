class Base:
    def __init_subclass__(cls, *, key, **kw):
        cls.key = key


class A(Base, key='k'):
    pass
