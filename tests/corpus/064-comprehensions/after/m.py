def f(n):
    k = 2
    return [i * k for i in range(n) if i], {i: [j * k for j in range(i)] for i in range(n)}, sum(i * k for i in range(n))
