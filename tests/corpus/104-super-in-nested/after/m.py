class A:
    def f(self):
        return 1


class B(A):
    def f(self):
        base = super().f()
        def inner():
            return super(B, self).f() + 10
        return [base * 2 for _ in range(2)] + [inner()]
