from conf import X


def f():
    return X


class A:
    def g(self):
        return X
