ITEMS = ['base']
