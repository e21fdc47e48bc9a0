class Odd:
    def __eq__(self, o):
        raise RuntimeError("eq")

    def __bool__(self):
        raise RuntimeError("bool")

    def __hash__(self):
        raise RuntimeError("hash")

    def __getattr__(self, n):
        raise RuntimeError("attr " + n)

    def __len__(self):
        raise RuntimeError("len")


odd = Odd()
holder = [odd, {"k": odd}]
LIMIT = 1


def f(x=odd):
    return LIMIT
