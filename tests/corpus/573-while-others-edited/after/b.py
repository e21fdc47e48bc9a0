from a import X


class B:
    n = X

    def f(self, k=X):
        return -k
