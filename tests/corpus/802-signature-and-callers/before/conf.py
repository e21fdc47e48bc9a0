RATE = 2
NAME = 'shop'
