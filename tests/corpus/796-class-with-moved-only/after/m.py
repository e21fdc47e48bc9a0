class A:
    # c
    x = 1

    # c
    def f(self):
        return 1

    # c
    @property
    def p(self):
        return 2

    # c
    @staticmethod
    def s():
        return 3
