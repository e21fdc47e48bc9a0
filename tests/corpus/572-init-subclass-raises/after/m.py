class Base:
    def __init_subclass__(cls, *, key, **kw):
        if not key:
            raise TypeError('no key')


class A(Base, key=''):
    n = 2
