class D(dict):
    kind = "d"

    def first(self):
        return next(iter(self))


class L(list):
    def last(self):
        return self[-1]


class E(Exception):
    code = 1
