class A:
    def y(self):
        return 2

    def x(self):
        return 1
