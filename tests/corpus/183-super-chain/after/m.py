class A:
    def run(self):
        return ["A"]


class B(A):
    def run(self):
        return ["b", *super().run()]


class C(A):
    def run(self):
        return ["c", "c", *super(C, self).run()]


class D(B, C):
    def run(self):
        return ["D", *super().run()]
