from conf import X

Y = X * 2
