class A:
    pass


def use(a):
    return "no"
