def make(n):
    class Local:
        def get(self):
            return n

        def more(self):
            return n + 1
    return Local
