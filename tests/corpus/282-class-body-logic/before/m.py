class A:
    table = {}
    for i in range(2):
        table[i] = i
    if len(table) > 1:
        big = True
    squares = [j * j for j in range(3)]
    del i
