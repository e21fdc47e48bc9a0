from other import Room, price

RATE = 2
