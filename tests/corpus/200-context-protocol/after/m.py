class A:
    def __enter__(self):
        return "in"

    def __exit__(self, *e):
        return True


def use(a):
    with a as x:
        raise ValueError
    return x
