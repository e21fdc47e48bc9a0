REG = {}


def register(cls):
    REG[cls.__name__] = cls
    return cls


@register
class A:
    def f(self):
        return 1
