class A:
    def f(self):
        return "A"


class B(A):
    def f(self):
        return "just B"
