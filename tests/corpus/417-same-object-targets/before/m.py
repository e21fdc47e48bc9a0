a = b = [1]
C = (a, b)
