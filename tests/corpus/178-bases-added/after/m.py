class P:
    def who(self):
        return "P"


class Q:
    def who(self):
        return "Q"


class A(Q, P):
    def me(self):
        return "A of " + self.who()
