def make(n, k):
    def f(x):
        return x + k
    return f
