def make(n, k):
    def f(x):
        return x + n
    return f
