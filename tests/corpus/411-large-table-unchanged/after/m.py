BIG = [object() for _ in range(1000)]
SMALL = 2
