A = 10
B = 20
_hidden = 2
