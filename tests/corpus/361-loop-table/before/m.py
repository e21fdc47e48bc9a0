SQUARES = {}
for n in range(3):
    SQUARES[n] = n * n
