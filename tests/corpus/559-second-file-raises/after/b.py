from a import X

Y = X + 1
raise ValueError('b is bad')
