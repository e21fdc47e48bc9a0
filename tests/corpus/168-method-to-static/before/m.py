class A:
    def f(self):
        return "f"

    @classmethod
    def g(cls):
        return cls.__name__
