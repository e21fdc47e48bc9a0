class A:
    def __repr__(self):
        return "old"

    __str__ = __repr__

    def run(self):
        return 1

    go = run
