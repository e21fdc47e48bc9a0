class A:
    table = {}
    for i in range(3):
        table[i] = i * 10
    if len(table) > 5:
        big = True
    squares = [j * j for j in range(4)]
    del i
