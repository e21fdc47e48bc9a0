from conf import RATE

INVERSE = 1 / RATE
