class Fresh:
    def f(self):
        def inner():
            return 1
        return inner
