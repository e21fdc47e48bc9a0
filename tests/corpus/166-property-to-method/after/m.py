class A:
    def x(self):
        return 2

    def get(self):
        return self.x()
