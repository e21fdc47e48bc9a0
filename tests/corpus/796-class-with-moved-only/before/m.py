class A:
    x = 1

    def f(self):
        return 1

    @property
    def p(self):
        return 2

    @staticmethod
    def s():
        return 3
