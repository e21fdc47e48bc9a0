class Outer:
    class Inner:
        def f(self):
            return 1

    def make(self):
        return self.Inner()
