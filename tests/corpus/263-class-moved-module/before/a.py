class C:
    def f(self):
        return 1


def make():
    return C()
