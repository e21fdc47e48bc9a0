val = 2
more = 3
