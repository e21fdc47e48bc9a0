class Greeter:
    def __call__(self, x):
        return x * 2


greet = Greeter()


def use():
    return greet("a")
