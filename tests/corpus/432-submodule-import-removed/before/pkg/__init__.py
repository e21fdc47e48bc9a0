from . import sub

X = 1
