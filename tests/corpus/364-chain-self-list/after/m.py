X = [1]
X = X + [3]
Y = X
