SQUARES = {}
for n in range(4):
    SQUARES[n] = n ** 3
