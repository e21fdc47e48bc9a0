class A:
    size = 2

    def get(self, n=size + 1):
        return n
