from hub import ITEMS

ITEMS.append('a')
