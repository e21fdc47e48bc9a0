F = [lambda x: x + 1, lambda x: x + 2, lambda x: x + 3]; G = F[1]
