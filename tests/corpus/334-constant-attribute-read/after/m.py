import settings as s

CAP = s.LIMIT + 1


class A:
    cap = s.LIMIT

    def f(self, n=s.LIMIT):
        return n
