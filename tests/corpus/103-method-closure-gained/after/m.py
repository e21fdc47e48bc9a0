class A:
    name = "a"

    def make(self, k):
        def cb(x):
            return f"{x + k} {self.name}"
        return cb
