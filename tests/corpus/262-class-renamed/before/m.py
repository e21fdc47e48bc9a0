class Old:
    def f(self):
        return 1


def make():
    return Old()
