from a import X, f

Y = f(X)
