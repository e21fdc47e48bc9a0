class P:
    def who(self):
        return "P"


class Q:
    def who(self):
        return "Q"


class A(Q):
    def me(self):
        return "A of " + self.who()
