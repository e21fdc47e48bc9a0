A = 1; B = 3
C = A + \
    B
