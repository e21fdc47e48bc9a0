L = [3, 1]
L.insert(0, 8)
L.extend([5, 4, 7])
L.sort()
L.pop()
del L[0]
