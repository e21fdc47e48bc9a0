RATE = 3
NAME = 'shop'
