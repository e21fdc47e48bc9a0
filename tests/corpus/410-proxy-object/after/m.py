class Proxy:
    def __getattribute__(self, name):
        raise RuntimeError("outside of a context")

    def __eq__(self, other):
        raise RuntimeError("outside of a context")

    __hash__ = None


current = Proxy()
LIMIT = 2
