class A:
    def __repr__(self):
        return "new"

    __str__ = __repr__

    def run(self):
        return 2

    go = run
