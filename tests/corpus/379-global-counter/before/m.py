connections = set()
hits = 0
LIMIT = 1


def hit(c):
    global hits
    hits += 1
    connections.add(c)
