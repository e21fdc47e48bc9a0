tmp = 1
X = tmp + 1
