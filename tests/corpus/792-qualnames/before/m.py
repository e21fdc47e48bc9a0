class Old:
    def f(self):
        def inner():
            return 1
        return inner
