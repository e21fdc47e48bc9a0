from conf import X


def f():
    return X * 10


class A:
    def g(self):
        return -X
