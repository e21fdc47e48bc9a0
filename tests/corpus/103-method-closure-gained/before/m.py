class A:
    name = "a"

    def make(self, k):
        def cb(x):
            return x + k
        return cb
