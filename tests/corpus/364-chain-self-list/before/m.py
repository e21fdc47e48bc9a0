X = [1]
X = X + [2]
Y = X
