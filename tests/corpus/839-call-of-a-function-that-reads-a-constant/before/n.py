import m
from m import double

AREA = double() + 1
SIDE = m.width()
