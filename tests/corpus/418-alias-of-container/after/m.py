A = []
B = A
A.append(1)
A.append(3)
