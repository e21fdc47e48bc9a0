from settings import LIMIT

MADE = object()
PAIR = (LIMIT, MADE)
HITS = []


def log():
    HITS.append(1)
    return HITS


NOTE = len(log())
