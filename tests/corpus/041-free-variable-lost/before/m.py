def make(n, k):
    def f(x):
        return x + n + k
    return f
