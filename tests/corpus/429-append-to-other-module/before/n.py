from hub import ITEMS

ITEMS.append('n')
