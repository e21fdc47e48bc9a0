class Base:
    def __init_subclass__(cls, *, key, **kw):
        pass


class A(Base, key=''):
    pass
