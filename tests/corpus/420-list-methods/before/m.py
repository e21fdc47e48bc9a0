L = [3, 1]
L.insert(0, 9)
L.extend([5, 4])
L.sort()
L.pop()
del L[0]
