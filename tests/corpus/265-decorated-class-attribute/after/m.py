REG = []


def register(cls):
    REG.append(cls)
    return cls


@register
class A:
    n = 2
