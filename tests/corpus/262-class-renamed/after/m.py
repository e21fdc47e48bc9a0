class Fresh:
    def f(self):
        return 2


def make():
    return Fresh()
