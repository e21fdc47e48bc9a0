ITEMS = [one for one in [2, 3, 5]]
