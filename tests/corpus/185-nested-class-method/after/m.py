class Outer:
    class Inner:
        def f(self):
            return 2

    def make(self):
        return self.Inner()
