def helper(x):
    return x


def f(x, key=helper):
    return key(x)
