class A:
    def f(self):
        if True:
            return 1
