from a import *

Y = X + 1
