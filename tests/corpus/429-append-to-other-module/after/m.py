from hub import ITEMS

ITEMS.append('b')
