class A:
    @property
    def x(self):
        return 1

    def get(self):
        return self.x
