ITEMS = [1]
