from b import *

Z = (X, Y)
