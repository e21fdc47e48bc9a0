from a import X

Y = X
