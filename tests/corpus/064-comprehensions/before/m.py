def f(n):
    return [i for i in range(n)], {i: i for i in range(n)}, sum(i for i in range(n))
