class A:
    @staticmethod
    def f(x):
        return x * 2

    @classmethod
    def make(cls):
        made = cls()
        made.tag = cls.__name__
        return made
