connections = set()
hits = 0
LIMIT = 2


def hit(c):
    global hits
    hits += 10
    connections.add(c)
