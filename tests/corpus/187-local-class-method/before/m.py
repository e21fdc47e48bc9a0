def make(n):
    class Local:
        def get(self):
            return n
    return Local
