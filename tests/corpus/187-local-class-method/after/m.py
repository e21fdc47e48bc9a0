def make(n):
    class Local:
        def get(self):
            return n * 2
    return Local
