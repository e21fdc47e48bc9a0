val = 1
