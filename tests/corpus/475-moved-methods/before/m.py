class A:
    def x(self):
        return 1

    def y(self):
        return 2
