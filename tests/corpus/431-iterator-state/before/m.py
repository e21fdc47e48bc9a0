import itertools
from collections import deque

ids = itertools.count(1)
last = deque(maxlen=2)
LIMIT = 1
